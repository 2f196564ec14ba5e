"""The ledger -> one screen: what is published, how old, from what, and what went wrong."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from features import database, statements
from features.errors import BusyError, FeatureError
from features.published import ask, reading
from features.store import Store

PARTS = ("nights", "stopped", "rolled_back", "champion", "sources", "problems")
LATER = {
    "summary": "summaries",
    "held_back": "days_held_back",
    "refused": "refused_rows",
}  # older stores lack the table


@dataclass(frozen=True)
class Status:
    """`parts`: the rows of each file in sql/status by its name. `age_hours` since publication, None where nothing is
    published. `writer` names who is writing, in which case the parts are empty but for the published night."""

    parts: dict[str, list[dict[str, Any]]]
    age_hours: float | None
    writer: str | None


def look(store: Store, now: datetime) -> Status:
    """What the record says at `now`, UTC without a zone; nothing is written. Raises FeatureError without a store."""
    if not store.warehouse.exists():
        raise FeatureError(
            f"{store.root}: there is no store here; begin with: nightrank demo, or nightrank ingest SOURCE"
        )
    writer, nothing = None, {part: [] for part in (*PARTS, *LATER)}
    try:
        with store.undisturbed(wait_seconds=0), database.connect_read_only(store.warehouse, store.config) as con:
            later = [part for part, table in LATER.items() if database.has_table(con, "ops", table)]
            parts = nothing | {part: ask(con, statements.read(f"status/{part}")).records() for part in (*PARTS, *later)}
    except BusyError as error:
        writer, parts = str(error), nothing | {"nights": published_night(store)}
    published = [night["published_at"] for night in parts["nights"]]
    age = (now - published[0]).total_seconds() / 3600 if published else None
    return Status(parts, age, writer)


def published_night(store: Store) -> list[dict[str, Any]]:
    """The newest night, from the published file, while the warehouse is being written."""
    if not store.published.exists():
        return []
    with reading(store) as reader:
        return reader.show("newest_night").records()
