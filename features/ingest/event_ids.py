"""Event ids of a source -> the form in which the store keeps them, so that an id means one event in every type."""

from collections.abc import Collection

from features.errors import FeatureError
from features.ingest.columns.source_schema import FLOATS, EventIds, is_number
from features.ingest.event_files import ALL_DAYS, COLUMNS
from features.ingest.sources import OpenSource
from features.store import duckdb_connection, lake, sql_files
from features.store.typed_ids import UUID
from features.store.warehouse import Warehouse

FEW = 20  # files that show how texts are written, where the form is known: such a source may ask each night
UUID_TEXTS = {  # how texts write UUIDs, and whether in capitals
    ("plain", True): EventIds.CAPITALS,
    ("braces", False): EventIds.BRACES,
    ("braces", True): EventIds.CAPITAL_BRACES,
    ("digits", False): EventIds.DIGITS,
    ("digits", True): EventIds.CAPITAL_DIGITS,
}


def event_id_form(warehouse: Warehouse, reading: OpenSource) -> EventIds:
    """Return the form that event ids of a source have in the store; that of the type they come with where it has none.

    Sources that were read before the store recorded it have the form of their files.
    """
    ruler = f"event_id.{reading.source.name}"
    recorded = warehouse.one("ledger/kept_ruler", ruler=ruler)
    form = EventIds(recorded) if recorded else form_in_files(warehouse, reading.source.name)
    kind = reading.given.get("event_id", "NULL")
    if form is None:
        return first_form(kind)
    if form == EventIds.TEXT and kind == "UUID":
        return form_of_uuids(warehouse, reading.source.name)
    if (
        form == EventIds.TEXT
        and is_number(kind)
        and form_in_files(warehouse, reading.source.name, FEW) == EventIds.FLOAT
    ):
        return EventIds.FLOAT  # texts such as `5.0`, which a column of floats became in a CSV file
    return form


def save_form(warehouse: Warehouse, reading: OpenSource) -> None:
    """Record the form of a source's event ids, once it has any."""
    if reading.given.get("event_id", "NULL") != "NULL":
        form = EventIds.TEXT if reading.event_ids in UUID_TEXTS.values() else reading.event_ids
        warehouse.run("ledger/keep_ruler", ruler=f"event_id.{reading.source.name}", kept=form)


def first_form(kind: str) -> EventIds:
    if is_number(kind):
        return EventIds.NUMBER
    return EventIds.UUID if kind == "UUID" else EventIds.TEXT


def form_in_files(warehouse: Warehouse, source: str, most: int | None = None) -> EventIds | None:
    """Return the form of the event ids in a source's files, None where no row has one."""
    found = sample_ids(warehouse, source, most)
    if any(event_id is None for (event_id,) in found):
        return EventIds.NUMBER
    return form_of_texts([event_id for (event_id,) in found])


def form_of_texts(texts: Collection[str]) -> EventIds | None:
    """Return the form of ids that are texts: earlier versions kept floats as `5.0`, and BLOB and JSON as DuckDB shows
    them."""
    if not texts:
        return None
    if all(text.removeprefix("-").removesuffix(".0").isdigit() and text.endswith(".0") for text in texts):
        return EventIds.FLOAT
    return EventIds.AS_SHOWN if any(text.startswith('"') or r"\x" in text for text in texts) else EventIds.TEXT


def form_of_uuids(warehouse: Warehouse, source: str) -> EventIds:
    """Return the form in which texts among the event ids of a source write UUIDs, TEXT where they are plain."""
    for (event_id,) in sample_ids(warehouse, source, FEW):
        if event_id and UUID.fullmatch(event_id):
            shape = "braces" if event_id.startswith("{") else "plain" if "-" in event_id else "digits"
            return UUID_TEXTS.get((shape, event_id.upper() == event_id != event_id.lower()), EventIds.TEXT)
    return EventIds.TEXT


def sample_ids(warehouse: Warehouse, source: str, most: int | None = None) -> list[tuple]:
    """Return event ids of a source: NULL where any is a number, and some that are texts. Damaged files are left out."""
    files = [file for kind in ("events", "duplicates") for file in warehouse.files(f"{kind}.{source}", *ALL_DAYS)]
    files = files[:most]
    whole = [lake.verified_path(warehouse.store, file) for file in files if lake.is_intact(warehouse.store, file)]
    duckdb_connection.create_files_view(warehouse.con, "kept_before", whole, COLUMNS)
    return sql_files.run(warehouse.con, "transforms/sample_event_ids").fetchall()


def check_floats(warehouse: Warehouse, reading: OpenSource) -> None:
    """Raise FeatureError where event ids of day_events are floats that have lost digits."""
    kind = reading.given.get("event_id", "NULL")
    if FLOATS.fullmatch(kind) and reading.event_ids not in (EventIds.AS_SHOWN, EventIds.FLOAT):
        for (event_id,) in warehouse.run("transforms/inexact_event_id", is_short=kind == "FLOAT"):
            raise FeatureError(
                f"source {reading.source.name}: event_id is {kind} and holds {event_id}, and floats of that size have "
                "lost digits; read the column as BIGINT or VARCHAR in the first place, or give no event_id with "
                "`null::varchar`"
            )
