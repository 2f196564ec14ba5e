"""The commands that keep a store well: go back to an earlier night, check every promise, make room."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

import features
from features import FeatureError, RolledBack, Store
from flows import show
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
    show.as_json(vars(found)) if json else show.rolled_back(found)


def run_rollback(root: Path, ds: date, reason: str | None = None) -> RolledBack:
    """Goes back to a night, and records it as a run with its reason."""
    store = need_store(root)
    with features.open_warehouse(store, "nightrank rollback", utc_now) as warehouse:
        features.recognise_flip(warehouse)
        with warehouse.recorded_run("rollback", ds, reason) as run:
            found = features.roll_back(run, ds)
    log.info("rolled_back", ds=ds, release=found.release, taken_back=len(found.taken_back))
    return found


def need_store(root: Path) -> Store:
    """The store of a folder. Raises FeatureError where there is none: nothing here begins one."""
    store = open_store(root, load_settings(root))
    if not store.warehouse.exists():
        raise FeatureError(f"{store.root}: there is no store here; name one with --store")
    return store
