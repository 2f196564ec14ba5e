"""Keep a store well: go back to an earlier night, check every promise, make room."""

from datetime import date
from pathlib import Path

import features
from features import FeatureError, Finding, RemovalItem, RollbackResult, Store
from flows.clock import utc_now
from flows.pipelines import overdue_nights
from flows.runtime import progress
from flows.runtime.progress import log
from flows.settings import load_settings, open_store


def run_rollback(root: Path, ds: date, reason: str | None = None) -> RollbackResult:
    """Goes back to a night, and records it as a run with its reason."""
    store = require_store(root)
    with features.open_warehouse(store, "nightrank rollback", utc_now) as warehouse:
        features.reconcile_publication(warehouse)
        with warehouse.recorded_run("rollback", ds, reason) as run:
            found = features.roll_back(run, ds)
    log.info("rolled_back", ds=ds, release=found.release, taken_back=len(found.taken_back))
    return found


def run_doctor(root: Path, deep: bool = False) -> list[Finding]:
    """What became of each promise. Raises BusyError, naming who holds the lock, where one writes."""
    settings, store = load_settings(root), require_store(root)
    with features.open_warehouse_read_only(store, utc_now) as warehouse, progress.bar("doctor") as tell:
        look = features.DoctorContext(warehouse, settings.publish.sequence_nights, checkpoint_error, tell, deep)
        found = list(features.run_doctor_checks(look))
    now = utc_now()
    return [*found, *overdue_nights.findings(features.read_status(store, now), root, now)]


def checkpoint_error(models: Path, model_id: str) -> str | None:
    """Why a checkpoint cannot rank, None where it can."""
    import din

    try:
        din.verify_model(models, model_id)
    except din.DinError as error:
        return str(error)
    return None


def run_housekeeping(root: Path, dry_run: bool = False, yes: bool = False) -> list[RemovalItem]:
    """Removes what is no longer needed, or with `dry_run` only finds it. Gives each file or folder of it.

    Raises FeatureError where much of it is unknown to the warehouse, unless `yes`; a dry run logs that as a warning.
    """
    settings, store = load_settings(root), require_store(root)
    retention = (settings.retention, settings.publish, settings.window.days)
    if dry_run:
        with features.open_warehouse_read_only(store, utc_now) as warehouse:
            gone = features.find_expired(warehouse, *retention)
            refused = None if yes else features.orphans_error(warehouse, gone)
        if refused:
            log.warning("housekeeping_would_refuse", reason=refused)
        log_rewritten("files_to_rewrite", store, features.newer_files(store))
        return gone
    with features.open_warehouse(store, "nightrank housekeeping", utc_now) as warehouse:
        features.reconcile_publication(warehouse)
        with warehouse.recorded_run("housekeeping", store.day_of(utc_now())) as run:
            features.require_lake(run)
            gone = features.find_expired(run, *retention)
            refused = None if yes else features.orphans_error(run, gone)
            if refused:
                raise FeatureError(refused)
            features.remove_expired(run, gone)
    log_rewritten("files_rewritten", store, features.rewrite_newer(store, "nightrank housekeeping"))
    log.info("housekeeping_done", files=len(gone), bytes=sum(one.bytes for one in gone))
    return gone


def require_store(root: Path) -> Store:
    """The store of a folder. Raises FeatureError where there is none: nothing here begins one."""
    store = open_store(root, load_settings(root))
    features.require_warehouse(store)
    return store


def log_rewritten(event: str, store: Store, paths: list[Path]) -> None:
    """Name the DuckDB files of a newer storage version, where there are any."""
    if paths:
        names = [str(path.relative_to(store.root)) for path in paths]
        log.info(event, storage_version=store.config.storage_version, files=names)
