"""The commands that keep a store well: go back to an earlier night, check every promise, make room."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from features import Store
from flows.cli.options import DEFAULT_STORE, FAILED, AsJson, NeverPrefect, StorePath
from flows.output import maintenance, results

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
    from flows.pipelines.maintenance import run_rollback

    found = run_rollback(store, to.date(), reason)
    results.print_json(vars(found)) if json else maintenance.rolled_back(here(store), found)


@app.command()
def doctor(
    store: StorePath = DEFAULT_STORE,
    deep: Annotated[bool, typer.Option("--deep", help="Read every row of events, record and releases too.")] = False,
    json: AsJson = False,
) -> None:
    """Runs every check of the store, and says how to mend what is broken; writes nothing."""
    from flows.pipelines.maintenance import run_doctor

    found = run_doctor(store, deep)
    results.print_json([asdict(one) for one in found]) if json else maintenance.findings(found)
    if any(one.broken and not one.is_note for one in found):
        raise typer.Exit(FAILED)


@app.command()
def housekeeping(
    store: StorePath = DEFAULT_STORE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove what the warehouse never knew, too.")] = False,
    _plain: NeverPrefect = False,
    json: AsJson = False,
) -> None:
    """Removes what a store no longer needs, by the settings named housekeeping.*; look first, with --dry-run."""
    from flows.pipelines.maintenance import run_housekeeping

    gone = run_housekeeping(store, dry_run, yes)
    results.print_json([vars(one) for one in gone]) if json else maintenance.removals(here(store), gone, dry_run)


def here(root: Path) -> Store:
    """Return the store of a folder, to name it in commands."""
    from flows.settings import load_settings, open_store

    return open_store(root, load_settings(root))
