"""The commands that only look: nothing of a store changes by them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import features
from features import FeatureError, Store, StoreConfig
from flows.cli.options import (
    DEFAULT_STORE,
    STOPPED,
    AsJson,
    Day,
    FirstDay,
    LastDay,
    StorePath,
    date_range,
    parse_day,
    parse_duration,
    query_text,
)
from flows.clock import utc_now
from flows.output import explanation, results, tables

if TYPE_CHECKING:
    from features import Status
    from flows.pipelines.overdue_nights import Lateness

app = typer.Typer()


@app.command()
def why(
    user: Annotated[str, typer.Argument(help="The user, as the source names them.")],
    goods: Annotated[
        str | None, typer.Argument(help="Any goods of the store, ranked or not; the ranking and its first if left out.")
    ] = None,
    store: StorePath = DEFAULT_STORE,
    ds: Day = None,
    top: Annotated[
        int, typer.Option(min=1, help="Rows shown of past goods, and of past shops.")
    ] = explanation.ROWS_SHOWN,
    json: AsJson = False,
) -> None:
    """What is ranked for a user, and which past goods and shops carried the weight of an item."""
    from flows.pipelines.explain import explain, explain_first

    opened = looked_at(store)
    with features.open_published(opened) as reader:
        asked = reader.night(parse_day(ds))
        who = reader.user(user, parse_day(ds))
        if goods:
            found = explain(opened, reader, who, reader.goods(goods), asked)
            results.print_json(asdict(found)) if json else explanation.show_why(found, top)
            return
        ranked, found = explanation.ranking(reader, who, asked), explain_first(opened, reader, who, asked)
    if json:
        results.print_json({"ranking": ranked.records(), "why": asdict(found)})
    else:
        explanation.show_ranking(ranked, who, asked)
        explanation.show_why(found, top)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help='A query, such as "from latest_rankings limit 5", or a .sql file.')],
    store: StorePath = DEFAULT_STORE,
    json: AsJson = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Asks the published store, read-only.

    A pivot is a question too, alone or as from (pivot ...): "pivot latest_rankings on rank using count(*) group by ds".
    """
    if json and csv:
        raise typer.BadParameter("it excludes --json; give one of them", param_hint="--csv")
    with features.open_published(looked_at(store)) as reader:
        answer = reader.ask(query_text(query))
    if json or csv:
        results.print_json(answer.records()) if json else tables.print_csv(answer.names, answer.rows)
    else:
        results.table(answer)


@app.command()
def status(
    store: StorePath = DEFAULT_STORE,
    max_age: Annotated[
        str | None,
        typer.Option(
            help="Exit with 1 where the newest ranking is older, such as 30h or 2d, or a scheduled night is overdue."
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """One screen: what is published, how old, from what, and what went wrong."""
    from flows.pipelines import overdue_nights
    from flows.settings import settings_error

    limit = parse_duration(max_age) if max_age else None
    now = utc_now()
    found, wrong = features.read_status(looked_at(store), now), settings_error(store)
    late = [] if wrong else overdue_nights.overdue_of(found, store, now)
    as_found = found.__dict__ | {"settings_error": wrong, "schedules": [vars(one) for one in late]}
    results.print_json(as_found) if json else results.status(looked_at(store), found)
    if not json:
        results.schedules(late)
    if wrong:
        raise FeatureError(f"{wrong}\nno night runs before that is put right")
    if found.unreadable:
        raise FeatureError(f"{found.unreadable}; build it again with: {looked_at(store).command('nightly')}")
    if limit is not None:
        rank = looked_at(store).command("nightly")
        require_on_time(found, late, limit, f"the newest ranking is older than {max_age}; run: {rank}")
    if found.parts["stopped"]:
        raise typer.Exit(STOPPED)


def require_on_time(found: Status, late: list[Lateness], limit: float, too_old: str) -> None:
    """Raises FeatureError where the newest ranking is older than `limit` hours, or a scheduled night is overdue."""
    if found.age_hours is None or found.age_hours > limit:
        raise FeatureError(too_old)
    for one in late:
        if one.state in ("overdue", "unknown"):
            raise FeatureError(f"{one.sentence}; {one.remedy}" if one.remedy else one.sentence)


@app.command()
def plan(
    start: FirstDay,
    end: LastDay,
    store: StorePath = DEFAULT_STORE,
    all_of_it: Annotated[bool, typer.Option("--all", help="List what is ok too.")] = False,
    json: AsJson = False,
) -> None:
    """What would be built between two days, and why; writes nothing."""
    from flows.pipelines import backfill, unranked_nights

    first, last = date_range(start, end)
    planned = backfill.plan_of(store, first, last)
    results.plan(planned, all_of_it, json)
    results.notes(unranked_nights.notes(store, planned), json)


@app.command()
def report(
    store: StorePath = DEFAULT_STORE,
    ds: Day = None,
    users: Annotated[
        str | None, typer.Option(metavar="A,B,C", help="Whose rankings to show; three chosen ones if left out.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page; reports/<ds>.html in the store if left out.")
    ] = None,
) -> None:
    """Writes a page about a night, one HTML file: its state, quality, coverage, and some rankings with why."""
    from flows.report.report import run_report

    named = [text.strip() for text in (users or "").split(",") if text.strip()]
    if users is not None and not named:
        raise typer.BadParameter("names nobody; write user ids with commas between them", param_hint="--users")
    print(run_report(looked_at(store), utc_now(), parse_day(ds), named, out))


@app.command()
def explore(
    store: StorePath = DEFAULT_STORE,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of this machine; nobody else's can reach it.")] = 8501,
) -> None:
    """A small web app on this machine: type a user, see their history, ranking and why."""
    from flows.cli.explore import run_explore

    run_explore(looked_at(store), port)


def looked_at(root: Path) -> Store:
    """A store to read from: its settings do not matter."""
    return Store(root.absolute(), StoreConfig())
