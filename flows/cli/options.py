"""What commands are told: the options they share, and how what a person types is read."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

import features
from features import FeatureError

DONE, FAILED, USAGE, BUSY, STOPPED = range(5)
INTERRUPTED = 130
REPLACE_DAYS = "--replace-days"

StorePath = Annotated[Path, typer.Option("--store", envvar="NIGHTRANK_STORE_PATH", help="The folder of the store.")]
Day = Annotated[datetime | None, typer.Option("--ds", formats=["%Y-%m-%d"], help="The data day, such as 2017-12-31.")]
Plain = Annotated[bool, typer.Option("--plain", help="Run the same stages without Prefect.")]
NeverPrefect = Annotated[
    bool, typer.Option("--plain", help="Without Prefect, as this command always runs; accepted as by nightly.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FirstDay = Annotated[datetime, typer.Argument(metavar="START", formats=["%Y-%m-%d"], help="The first day.")]
LastDay = Annotated[datetime, typer.Argument(metavar="END", formats=["%Y-%m-%d"], help="The last day, included.")]
ReplaceDays = Annotated[
    list[str] | None,
    typer.Option(
        "--replace-days",
        metavar="DAYS",
        help="Replace these days whatever the source returns for them, be it nothing. A day, days with commas between "
        "them, or START..END; may be repeated. Reads these days alone, unless --first or --last is given.",
    ),
]
DEFAULT_STORE = Path("store")


def parse_day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def date_range(start: datetime, end: datetime) -> tuple[date, date]:
    if start > end:
        raise typer.BadParameter(f"{start.date()} is after END {end.date()}", param_hint="START")
    return start.date(), end.date()


def replaced_days(texts: list[str], kind: str, first: date | None, last: date | None) -> set[date]:
    """The days that --replace-days names."""
    found: set[date] = set()
    for text in (part.strip() for part in ",".join(texts).split(",") if texts):
        start, _, end = text.partition("..")
        try:
            days = date.fromisoformat(start), date.fromisoformat(end or start)
        except ValueError:
            raise typer.BadParameter(
                f"{text!r} is neither a day, such as 2025-03-01, nor 2025-03-01..2025-03-31", param_hint=REPLACE_DAYS
            ) from None
        if days[0] > days[1]:
            raise typer.BadParameter(f"{text}: {days[0]} is after {days[1]}", param_hint=REPLACE_DAYS)
        if days[0] < (first or features.FIRST_DAY) or days[1] > (last or features.LAST_DAY):
            within = f"{first or features.FIRST_DAY} to {last or features.LAST_DAY}"
            raise typer.BadParameter(f"{text} is not within {within}, which are read", param_hint=REPLACE_DAYS)
        found.update(days[0] + timedelta(days=n) for n in range((days[1] - days[0]).days + 1))
    if found and kind == "goods":
        raise typer.BadParameter("a catalogue has no days; leave it out with --as goods", param_hint=REPLACE_DAYS)
    return found


def parse_duration(span: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([hd])", span)
    if not match:
        raise typer.BadParameter(f"{span} is not a span of time, such as 30h or 2d", param_hint="--max-age")
    return float(match[1]) * {"h": 1, "d": 24}[match[2]]


def query_text(query: str) -> str:
    """The query, or what is in the .sql file it names: one here, or one that came with nightrank, by the name that the
    documents call it, such as sql/inspect/top_of_a_user.sql."""
    if not query.endswith(".sql") or (not Path(query).is_file() and len(query.split()) > 1):
        return query
    if not Path(query).exists() and (shipped := features.store.sql_files.bundled_sql(query)):
        return shipped
    try:
        return Path(query).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why_not = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise FeatureError(
            f"{query}: cannot be read ({why_not}); name a .sql file, or write the query itself"
        ) from error
