"""The ledger -> one screen: what is published, how old, from what, and what went wrong."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from features.errors import BusyError
from features.publish import release_files
from features.publish.reader import open_published, run_question
from features.store import duckdb_connection, sql_files
from features.store.store import Store
from features.store.warehouse_copies import BEGIN, require_warehouse, with_copy_hint

PARTS = ("nights", "stopped", "rolled_back", "champion", "sources", "catalogues", "problems")
LATER_ASSETS = {
    "summary": "summaries",
    "held_back": "days_held_back",
    "refused": "refused_rows",
    "skipped": "skipped_rows",
}  # older stores lack the table


@dataclass(frozen=True)
class Status:
    """`parts`: the rows of each file in sql/status by its name. `age_hours` since publication, None where nothing is
    published. `writer` names who is writing, in which case the parts are empty but for the published night.
    `unreadable` says why nobody can read what is published."""

    parts: dict[str, list[dict[str, Any]]]
    age_hours: float | None
    writer: str | None
    unreadable: str | None = None


def read_status(store: Store, now: datetime) -> Status:
    """What the record says at `now`, UTC without a zone; nothing is written. Raises FeatureError without a store."""
    require_warehouse(store, BEGIN)
    writer, nothing = None, {part: [] for part in (*PARTS, *LATER_ASSETS)}
    try:
        with (
            with_copy_hint(store),
            store.undisturbed(wait_seconds=0),
            duckdb_connection.connect_read_only(store.warehouse, store.config) as con,
        ):
            later = [part for part, table in LATER_ASSETS.items() if duckdb_connection.has_table(con, "ops", table)]
            parts = nothing | {part: rows_of(con, part) for part in (*PARTS, *later)}
    except BusyError as error:
        writer, parts = str(error), nothing | {"nights": published_night(store)}
    parts["catalogues"] = [with_age(row, now) for row in parts["catalogues"]]
    published = [night["published_at"] for night in parts["nights"]]
    age = (now - published[0]).total_seconds() / 3600 if published else None
    unreadable = unreadable_reason(store) if published else None
    if unreadable:
        parts["nights"] = [night | {"status": "UNREADABLE"} for night in parts["nights"]]
    return Status(parts, age, writer, unreadable)


def unreadable_reason(store: Store) -> str | None:
    """Why the published release cannot be read, None where it can."""
    if not store.published.exists():
        return f"{store.published}: is missing"
    try:
        return release_files.unreadable_reason(store.published.resolve())
    except BusyError:
        return None  # somebody has it open to write, and nothing can be said


def rows_of(con: duckdb.DuckDBPyConnection, part: str) -> list[dict[str, Any]]:
    """Answer a file of sql/status. None of them takes a value: to bind one, DuckDB 1.5 loads pandas."""
    return run_question(con, sql_files.read(f"status/{part}")).records()


def with_age(catalogue: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A catalogue's row with `age_hours`, the hours since its last read, after `read_at`."""
    row = catalogue.copy()
    source, read_at = row.pop("source"), row.pop("read_at")
    age = round((now - read_at).total_seconds() / 3600, 1)
    return {"source": source, "read_at": read_at, "age_hours": age} | row


def published_night(store: Store) -> list[dict[str, Any]]:
    """The newest night, from the published file, while the warehouse is being written."""
    if not store.published.exists():
        return []
    with open_published(store) as reader:
        return reader.show("newest_night").records()
