"""nightrank: the command line. stdout is data, stderr is progress; exit codes 0 done, 1 failed, 2 usage, 3 busy,
4 stopped by a check, 130 interrupted.

Here are the commands that change a store; those that only look are in flows/cli/read_commands.py.
"""

from __future__ import annotations

import glob
import signal
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import features
from din import DinError
from features import BusyError, CheckFailedError, FeatureError
from flows.cli import maintenance_commands, read_commands
from flows.cli.options import (
    BUSY,
    DEFAULT_STORE,
    FAILED,
    INTERRUPTED,
    STOPPED,
    AsJson,
    Day,
    FirstDay,
    LastDay,
    NeverPrefect,
    Plain,
    ReplaceDays,
    StorePath,
    date_range,
    parse_day,
    replaced_days,
)
from flows.clock import utc_now
from flows.output import results
from flows.pipelines.plan_states import Mode
from flows.runtime.console import stderr

if TYPE_CHECKING:
    from features import IngestResult

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


READ_ONLY_COMMANDS = ("why", "sql", "status", "plan", "explore", "doctor", "report", "compare")


def print_versions(asked: bool) -> None:
    if asked:
        from flows.version import versions

        print(versions())
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=print_versions, is_eager=True, help="Print the versions, and exit."),
    ] = False,
) -> None:
    """A feature store and nightly ranking job around the Deep Interest Network."""
    from flows.runtime.progress import start_logging

    start_logging()


def main() -> None:
    """Run the command; what goes wrong is one message on stderr and an exit code, never a traceback."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: a service that is stopped leaves all whole
    try:
        app()
    except KeyboardInterrupt:
        interrupted()
    except SystemExit as left:
        if left.code == INTERRUPTED:  # typer meets the interrupt first, and says nothing
            interrupted()
        raise
    except Exception as error:
        failed(error)


def failed(error: Exception) -> None:
    """Print what went wrong and exit; raise the error where nobody expected it."""
    from flows.runtime.timeouts import TimeoutExceeded

    try:
        with features.translate_errors():
            raise error
    except BusyError as busy:
        stop(busy, BUSY)
    except CheckFailedError as stopped:
        stop(stopped, STOPPED)
    except (FeatureError, DinError, TimeoutExceeded) as wrong:
        stop(wrong, FAILED)
    except OSError as refused:
        stop(os_error_message(refused), FAILED)
    except KeyboardInterrupt:
        interrupted()


def interrupted() -> None:
    """Say what an interrupt left behind: nothing by a command that only looks, else what was finished."""
    command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    left = (
        "nothing was changed"
        if command in READ_ONLY_COMMANDS
        else "what was finished is kept, the same command builds the rest"
    )
    stop(f"stopped; {left}", INTERRUPTED)


def os_error_message(error: OSError) -> str:
    """What the machine refused, such as a full disk, and of which file."""
    where = f"{error.filename}: " if error.filename else ""
    said = error.strerror or str(error)
    if features.is_disk_full(error):
        return f"{where}{said}; nothing is half-written: {features.MAKE_ROOM}"
    return f"{where}{said}; nothing is half-written: put it right, and run the same again"


def stop(message: object, code: int) -> None:
    stderr.print(f"nightrank: {message}", style="red", soft_wrap=True, markup=False, highlight=False)
    sys.exit(code)


@app.command()
def demo(store: StorePath = Path("demo-store")) -> None:
    """The whole job on the bundled sample: events to a published ranking, printed, with why."""
    from flows.cli.demo import run_demo

    run_demo(store)


@app.command()
def ingest(
    source: Annotated[
        list[str], typer.Argument(metavar="SOURCE", help="A .sql file of yours, or a name in sql/sources.")
    ],
    store: StorePath = DEFAULT_STORE,
    path: Annotated[str | None, typer.Option(help="What $path in the source query stands for.")] = None,
    kind: Annotated[
        str, typer.Option("--as", help="What the source gives: events, impressions, or goods (a catalogue).")
    ] = "events",
    first: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Read from this day on.")] = None,
    last: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Read up to this day.")] = None,
    replace_days: ReplaceDays = None,
    full: Annotated[bool, typer.Option("--full", help="Read days that did not change too.")] = False,
    json: AsJson = False,
) -> None:
    """Reads a source. A day is replaced where the source returns at least half of the rows that the store holds."""
    from flows.pipelines import ingest
    from flows.settings import load_settings, open_store

    if kind not in ("events", "impressions", "goods"):
        raise typer.BadParameter(f"{kind} is none of events, impressions, goods", param_hint="--as")
    if first and last and first > last:
        raise typer.BadParameter(f"{parse_day(first)} is after --last {parse_day(last)}", param_hint="--first")
    if path and len(source) > 1:
        raise typer.BadParameter("it says where one source is; name one SOURCE at a time", param_hint="--path")
    accepted = replaced_days(replace_days or [], kind, parse_day(first), parse_day(last))
    settings = load_settings(store)
    opened = open_store(store, settings)
    read: list[IngestResult] = []
    with features.open_warehouse(opened, "nightrank ingest", utc_now) as warehouse:
        for name in source:
            found = ingest.resolve_source(warehouse, name, kind, path and absolute_path(path))
            if full:
                features.forget_digests(warehouse, found)
            counts = ingest.ingest_replacing(warehouse, settings, found, parse_day(first), parse_day(last), accepted)
            read += counts
            ingest.require_kept_rows(warehouse, found, counts)
            results.ingested(warehouse, found, counts, json)
    if json:
        results.print_json([asdict(counts) for counts in read])


@app.command()
def train(store: StorePath = DEFAULT_STORE, ds: Day = None, plain: Plain = False, json: AsJson = False) -> None:
    """Trains DIN and the mean-pooling baseline up to a day; DIN ranks from then on unless it is worse than before."""
    if plain:
        from flows.pipelines.training import run_training

        records = run_training(store, parse_day(ds))
    else:
        from flows.deployments.flows import train as train_flow

        records = train_flow(str(store), parse_day(ds))
    results.trained(records, json)


@app.command()
def compare(
    store: StorePath = DEFAULT_STORE,
    ds: Day = None,
    seeds: Annotated[int, typer.Option(min=1, help="Train so often, from as many seeds: mean and deviation.")] = 1,
    plot: Annotated[
        Path | None, typer.Option(help="The picture, a .png; compare-<ds>.png in the store if left out.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Trains mean, decay and DIN on the same examples up to a day, and measures them; nothing is registered."""
    from flows.output import comparison
    from flows.pipelines.compare import run_compare

    if plot:
        if plot.suffix != ".png":
            raise typer.BadParameter(f"{plot} does not end in .png", param_hint="--plot")
        comparison.require_writable(plot)
    found = run_compare(store, parse_day(ds), seeds)
    try:
        comparison.draw(found, plot or store / f"compare-{found.ds}.png")
    finally:  # the work of minutes is told whatever became of the picture
        comparison.show(found, json)


@app.command()
def nightly(store: StorePath = DEFAULT_STORE, ds: Day = None, plain: Plain = False, json: AsJson = False) -> None:
    """Ranks and publishes every night missing up to a day."""
    if plain:
        from flows.pipelines.nightly import run_nights

        ranked = run_nights(store, parse_day(ds))
    else:
        from flows.deployments.flows import nightly as nightly_flow

        ranked = nightly_flow(str(store), parse_day(ds))
    results.nights(ranked, json)


@app.command()
def forget(
    user: Annotated[str, typer.Argument(help="The user, as the source names them.")],
    store: StorePath = DEFAULT_STORE,
    json: AsJson = False,
) -> None:
    """Erases a person everywhere, keeps them out of what is read later, and proves it by a scan of every file."""
    import din
    from flows.settings import load_settings, open_store

    opened = open_store(store, load_settings(store))
    found = features.erase_user(opened, user, utc_now, din.forget_user)
    results.print_json(asdict(found)) if json else results.print_erasure(opened, found)


@app.command()
def backfill(
    start: FirstDay,
    end: LastDay,
    store: StorePath = DEFAULT_STORE,
    mode: Annotated[
        Mode,
        typer.Option(metavar="MODE", help="What to build of the plan: missing, failed, stale, removed, or all."),
    ] = "missing",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be built.")] = False,
    reason: Annotated[
        str | None, typer.Option(help="Why published rankings are rebuilt; without it they stay as they are.")
    ] = None,
    _plain: NeverPrefect = False,
    json: AsJson = False,
) -> None:
    """Builds what is missing, failed or stale between two days, and what that needs; run again, what is left."""
    from flows.pipelines import backfill, unranked_nights

    first, last = date_range(start, end)
    if reason is not None and not reason.strip():
        raise typer.BadParameter("it is empty; say why", param_hint="--reason")
    if dry_run:
        planned = backfill.plan_of(store, first, last)
        results.plan(backfill.select_assets(planned, mode, reason), all_of_it=False, json=json)
        results.notes(unranked_nights.notes(store, planned), json)
        return
    built = backfill.run_backfill(store, first, last, mode, reason)
    results.print_built(built, json)
    backfill.raise_on_failures(store, built)


@app.command()
def serve(
    store: StorePath = DEFAULT_STORE,
    file: Annotated[Path, typer.Option(help="Where the schedules are.")] = Path("prefect.yaml"),
) -> None:
    """Runs the deployments of prefect.yaml from this process when they are due: a server, no work pool, no worker.

    Prints the next run of each, and exits with 1 where the server schedules none.

    Of the runs that came due while nobody served, it cancels all but the newest of each deployment.
    """
    from flows.deployments.serve import run_serve

    run_serve(file, store)


def absolute_path(path: str) -> str:
    """The path as a night finds it that runs in another folder: whole where it is of files here, else as it is."""
    here = "://" not in path and (Path(path).exists() or glob.has_magic(path))
    return str(Path(path).absolute()) if here and not path.startswith("~") else path


app.add_typer(read_commands.app)
app.add_typer(maintenance_commands.app)
