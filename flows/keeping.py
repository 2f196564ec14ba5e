"""The commands that keep a store well: go back to an earlier night, check every promise, make room."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

import features
from features import FeatureError, Going, RolledBack, Store
from flows import kept, show
from flows.night import utc_now
from flows.options import DEFAULT_STORE, AsJson, StorePath
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
    found = run_rollback(store, to.date(), reason)
    show.as_json(vars(found)) if json else kept.rolled_back(found)


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
def housekeeping(
    store: StorePath = DEFAULT_STORE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would go.")] = False,
    json: AsJson = False,
) -> None:
    """Removes what a store no longer needs, by the settings of [housekeeping]; look first, with --dry-run."""
    gone = run_housekeeping(store, dry_run)
    show.as_json([vars(one) for one in gone]) if json else kept.going(gone, dry_run)


def run_housekeeping(root: Path, dry_run: bool = False) -> list[Going]:
    """Removes what is no longer needed, or with `dry_run` only finds it. Gives each file or folder of it."""
    settings, store = load_settings(root), need_store(root)
    told = (settings.housekeeping, settings.publish, settings.window.days)
    if dry_run:
        with features.look_into(store, utc_now) as warehouse:
            return features.what_goes(warehouse, *told)
    with features.open_warehouse(store, "nightrank housekeeping", utc_now) as warehouse:
        features.recognise_flip(warehouse)
        with warehouse.recorded_run("housekeeping", store.day_of(utc_now())) as run:
            gone = features.what_goes(run, *told)
            features.tidy(run, gone)
    log.info("housekeeping_done", files=len(gone), bytes=sum(one.bytes for one in gone))
    return gone


def need_store(root: Path) -> Store:
    """The store of a folder. Raises FeatureError where there is none: nothing here begins one."""
    store = open_store(root, load_settings(root))
    if not store.warehouse.exists():
        raise FeatureError(f"{store.root}: there is no store here; name one with --store")
    return store
