"""The commands that keep a store well: go back to an earlier night, check every promise, make room."""

from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

import features
from features import FeatureError, Finding, Going, RolledBack, Store
from flows import kept, overdue, progress, show
from flows.night import utc_now
from flows.options import DEFAULT_STORE, FAILED, AsJson, NeverPrefect, StorePath
from flows.progress import log
from flows.settings import load_settings, open_store

app = typer.Typer()


@app.command()
def rollback(
    to: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The night that people are to see again.")],
    store: StorePath = DEFAULT_STORE,
    reason: Annotated[str | None, typer.Option(help="Why; ops.runs and `nightrank status` keep it.")] = None,
    json: AsJson = False,
) -> None:
    """Publishes an earlier night again, by a flip to a kept release; the nights after it are taken back."""
    if reason is not None and not reason.strip():
        raise typer.BadParameter("it is empty; say why, or leave it out", param_hint="--reason")
    found = run_rollback(store, to.date(), reason)
    show.as_json(vars(found)) if json else kept.rolled_back(here(store), found)


def run_rollback(root: Path, ds: date, reason: str | None = None) -> RolledBack:
    """Goes back to a night, and records it as a run with its reason."""
    store = need_store(root)
    with features.open_warehouse(store, "nightrank rollback", utc_now) as warehouse:
        features.recognise_flip(warehouse)
        with warehouse.recorded_run("rollback", ds, reason) as run:
            found = features.roll_back(run, ds)
    log.info("rolled_back", ds=ds, release=found.release, taken_back=len(found.taken_back))
    return found


@app.command()
def doctor(
    store: StorePath = DEFAULT_STORE,
    deep: Annotated[bool, typer.Option("--deep", help="Read every row of events, record and releases too.")] = False,
    json: AsJson = False,
) -> None:
    """Checks every promise of the store, and says how to mend what is broken; writes nothing."""
    found = run_doctor(store, deep)
    show.as_json([asdict(one) for one in found]) if json else kept.findings(found)
    if any(one.broken and not one.is_note for one in found):
        raise typer.Exit(FAILED)


def run_doctor(root: Path, deep: bool = False) -> list[Finding]:
    """What became of each promise. Raises BusyError, naming who holds the lock, where one writes."""
    settings, store = load_settings(root), need_store(root)
    with features.look_into(store, utc_now) as warehouse, progress.bar("doctor") as tell:
        look = features.Look(warehouse, settings.publish.sequence_nights, wrong_with_model, tell, deep)
        found = list(features.examine(look))
    now = utc_now()
    return [*found, *overdue.findings(features.look(store, now), root, now)]


def wrong_with_model(models: Path, model_id: str) -> str | None:
    """Why a checkpoint cannot rank, None where it can."""
    import din

    try:
        din.verify_model(models, model_id)
    except din.DinError as error:
        return str(error)
    return None


@app.command()
def housekeeping(
    store: StorePath = DEFAULT_STORE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove what the warehouse never knew, too.")] = False,
    _plain: NeverPrefect = False,
    json: AsJson = False,
) -> None:
    """Removes what a store no longer needs, by the settings named housekeeping.*; look first, with --dry-run."""
    gone = run_housekeeping(store, dry_run, yes)
    show.as_json([vars(one) for one in gone]) if json else kept.going(here(store), gone, dry_run)


def run_housekeeping(root: Path, dry_run: bool = False, yes: bool = False) -> list[Going]:
    """Removes what is no longer needed, or with `dry_run` only finds it. Gives each file or folder of it.

    Raises FeatureError where much of it is unknown to the warehouse, unless `yes`; a dry run logs that as a warning.
    """
    settings, store = load_settings(root), need_store(root)
    told = (settings.housekeeping, settings.publish, settings.window.days)
    if dry_run:
        with features.look_into(store, utc_now) as warehouse:
            gone = features.what_goes(warehouse, *told)
            refused = None if yes else features.orphans_error(warehouse, gone)
        if refused:
            log.warning("housekeeping_would_refuse", reason=refused)
        return gone
    with features.open_warehouse(store, "nightrank housekeeping", utc_now) as warehouse:
        features.recognise_flip(warehouse)
        with warehouse.recorded_run("housekeeping", store.day_of(utc_now())) as run:
            features.need_lake(run)
            gone = features.what_goes(run, *told)
            refused = None if yes else features.orphans_error(run, gone)
            if refused:
                raise FeatureError(refused)
            features.tidy(run, gone)
    log.info("housekeeping_done", files=len(gone), bytes=sum(one.bytes for one in gone))
    return gone


def here(root: Path) -> Store:
    return open_store(root, load_settings(root))


def need_store(root: Path) -> Store:
    """The store of a folder. Raises FeatureError where there is none: nothing here begins one."""
    store = open_store(root, load_settings(root))
    features.need_warehouse(store)
    return store
