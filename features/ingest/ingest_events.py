"""Source rows -> events: cleaned, given keys, kept once; what is refused is kept aside with its reason."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from features.config import IngestConfig
from features.errors import FeatureError
from features.ingest import source_sql
from features.ingest.columns.date_columns import FIRST_DAY, SANE_DAYS, days_begin
from features.ingest.duplicate_ids import find_duplicates
from features.ingest.entity_keys import create_entity_tables
from features.ingest.event_files import replace_events
from features.ingest.event_ids import check_floats, event_id_form, save_form
from features.ingest.held_back_days import HeldBack
from features.ingest.loss_guard import UNDATED, LossGuard, Refusal, create_loss_guard
from features.ingest.read_batches import ReadBatch, changed_batches, split_days
from features.ingest.skipped_rows import record_skipped, skipped_row_count
from features.ingest.source_registry import register
from features.ingest.sources import OpenSource, Source, open_source
from features.ingest.unchanged_days import create_day_digests, unchanged_days
from features.store import lake, sql_builder, sql_files
from features.store.fingerprints import Fingerprint, fingerprint, sql_texts
from features.store.store import Store
from features.store.warehouse import Warehouse

CODE = 1  # raise it where a change here changes what is kept of a source
COLLAPSE_CODE = 1  # raise it where a change changes what `repeats = "collapse"` keeps
BEFORE_ALL_DAYS = np.datetime64(
    "9999-12-31", "us"
)  # later than any time that is kept; NULL would cost a test for each event
ROWS_PER_BATCH = 4_000_000  # about 500 MB in DuckDB
WORK_OF_DUPLICATES = ("repeated_numbers", "contested_numbers", "contested_events", "shared_events", "duplicate_events")


@dataclass(frozen=True)
class IngestResult:
    """What became of the rows of a source: rows_in = rows + duplicates + quarantined. Days held back are not in these
    counts; unchanged ones are. `rows_skipped`: lines that the reader skipped, in no other count. `refusals`: why rows
    were refused, where none was kept."""

    source: str
    days: int
    rows_in: int
    rows: int
    duplicates: int
    quarantined: int
    unchanged: int = 0
    rows_skipped: int = 0
    held_back: list[HeldBack] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def ingest_events(
    warehouse: Warehouse,
    source: Source,
    first_ds: date,
    last_ds: date,
    config: IngestConfig,
    accepted: Collection[date] = (),
) -> IngestResult:
    """Reads the days of a source, both included, in place of what it gave for them before.

    A day keeps its rows where the source returned too few (features/ingest/loss_guard.py), unless its loss is
    `accepted`; a day that comes again unchanged is not read. Entities, files, counts and ledger rows change in one
    transaction. Many rows are read some days at a time, each time in a transaction of its own: a read that stops
    half-way has read whole days.
    """
    started_at, con, store = warehouse.clock(), warehouse.con, warehouse.store
    reading = open_source(con, source, store, first_ds, last_ds)
    if source.days_by not in reading.columns:
        raise FeatureError(f"source {source.name}: days go by {source.days_by}, and the query gives no such column")
    create_store_days(con, store)
    sql_files.run(con, "transforms/content_hash")
    con.execute(source_sql.row_hash(reading.columns))
    is_named = "event_id" in reading.columns
    reading = replace(reading, event_ids=event_id_form(warehouse, reading))
    last_read = warehouse.one("ledger/last_day_read", asset=source.asset)
    fingerprint = events_fingerprint(warehouse, source, config)
    made_of_days = create_day_digests(fingerprint, reading.columns)
    loss_guard = create_loss_guard(warehouse, source, (first_ds, last_ds), accepted, is_named)
    found = unchanged_days(warehouse, reading, made_of_days, first_ds, last_ds, config.use_known_at)
    if found:
        loss_guard.unchanged, rows_given = found
        portions = changed_batches(rows_given, loss_guard, first_ds, last_ds, ROWS_PER_BATCH)
    else:
        portions = ingest_in_batches(con, store, reading, first_ds, last_ds)
    numbers_read: list[np.ndarray] = []
    for portion in portions:
        # Outside the transaction: DuckDB reads what is not yet committed with one thread.
        read_days(warehouse, reading, config, portion)
        days = loss_guard.take(*portion.asked, portion.with_undated)
        if is_named:
            find_duplicates(con, numbers_read, store.config.threads)
        warehouse.run("ledger/rows_before", source=source.name)
        with warehouse.transaction():
            register(warehouse, source)
            save_form(warehouse, reading)
            sql_files.run(con, "transforms/new_entities")
            sql_files.run(con, "transforms/keyed_events")
            warehouse.run("ledger/clear_days_read", source=source.name, days=days)
            is_new = last_read is None
            replace_events(warehouse, source.name, config.exact_duplicates, days, is_new, is_named=is_named)
            if last_read:
                record_late_events(warehouse, source, last_read)
            write_quarantine(warehouse, source)
            warehouse.run(
                "ledger/count_days_read",
                asset=source.asset,
                **fingerprint.ledger,
                run_id=warehouse.run_id,
                started_at=started_at,
                now=warehouse.clock(),
            )
            loss_guard.note(days, made_of_days)
            if portion is portions[-1]:
                loss_guard.close()
                record_skipped(warehouse, source)
                warehouse.end_run("done")
    for table in ("day_events", *WORK_OF_DUPLICATES):
        con.execute(sql_builder.drop_table(table))
    return ingest_result(warehouse, reading, loss_guard)


def ingest_result(warehouse: Warehouse, reading: OpenSource, loss_guard: LossGuard) -> IngestResult:
    """What became of the rows that a read took, and of the days that it left as they are."""
    unchanged = loss_guard.unchanged - {UNDATED}
    days = sorted({*loss_guard.taken, *loss_guard.unchanged})
    [counts] = warehouse.run("ledger/days_read", asset=reading.source.asset, days=days)
    refusals = loss_guard.first_refusals if loss_guard.kept_nothing else []
    return IngestResult(
        reading.source.name,
        *counts,
        unchanged=len(unchanged),
        **skipped_row_count(warehouse.con, reading),
        held_back=loss_guard.held_back,
        refusals=refusals,
    )


def events_fingerprint(warehouse: Warehouse, source: Source, config: IngestConfig) -> Fingerprint:
    """What the events of a source are made of, beside what the source gives: its query, settings, SQL."""
    collapsing = (config.use_known_at, config.exact_duplicates, COLLAPSE_CODE)
    parts = {
        "query": source.query,
        "settings.store": warehouse.store.config.timezone,
        "settings.ingest": collapsing
        if config.exact_duplicates == "collapse"
        else (config.use_known_at, config.exact_duplicates),
        "sql": sql_texts("transforms/cleaned_events", "transforms/keyed_events"),
        "code": CODE,
    }
    return fingerprint(parts)


def record_late_events(warehouse: Warehouse, source: Source, last_read: date) -> None:
    """Notes which of the days that had been read before have more events now; reads rows_before."""
    told = {"source": source.name, "last_read": last_read, "run_id": warehouse.run_id, "now": warehouse.clock()}
    warehouse.run("ledger/note_late", **told)


def ingest_in_batches(
    con: duckdb.DuckDBPyConnection, store: Store, reading: OpenSource, first_ds: date, last_ds: date
) -> list[ReadBatch]:
    """Cuts the days into portions of about ROWS_AT_ONCE rows."""
    reading.into(con, "source_size", sql_files.read("transforms/source_size"), days_by=reading.source.days_by)
    [(rows, first_ts, last_ts)] = con.execute("from source_size").fetchall()
    with_rows = (store.day_of(first_ts), store.day_of(last_ts)) if first_ts else None
    cuts = split_days(rows, with_rows, first_ds, last_ds, ROWS_PER_BATCH)
    return [ReadBatch(days, days, with_undated=days[0] == first_ds) for days in cuts]


def read_days(warehouse: Warehouse, reading: OpenSource, config: IngestConfig, portion: ReadBatch) -> None:
    """Judges the rows of some days: day_events, and kept_events. Rows without a day come with the first ones."""
    con, store = warehouse.con, warehouse.store
    day_start, day_end = store.day_start(portion.asked[0]), store.day_end(portion.asked[1])
    reading.into(
        con,
        "day_events",
        sql_files.read("transforms/cleaned_events"),
        days_by=reading.source.days_by,
        knowledge=config.use_known_at,
        is_first=portion.with_undated,
        day_start=day_start,
        day_end=day_end,
        read_start=store.day_start(portion.read[0]) if portion.read else day_end,
        read_end=store.day_end(portion.read[1]) if portion.read else day_end,
    )
    check_floats(warehouse, reading)
    create_entity_tables(con)
    reading.check_id_types(con, "day_events")
    refuse_forgotten(warehouse)
    sql_files.run(con, "transforms/kept_events")
    sql_files.run(con, "transforms/day_counts")  # of the rows as the source gave them
    if "known_at" in reading.dated:
        sql_files.run(con, "transforms/known_after_day")


def refuse_forgotten(warehouse: Warehouse) -> None:
    """Refuses the rows of day_events whose people are forgotten (features/ops/erasure/erase.py)."""
    if warehouse.one("transforms/any_forgotten"):
        warehouse.run("transforms/texts_of_id")
        warehouse.run("transforms/refuse_forgotten")


def create_store_days(con: duckdb.DuckDBPyConnection, store: Store) -> None:
    """The table store_days: for each UTC date the store's day in progress just before it begins and the moments at
    which the next ones begin; there may be two, where clocks are put forward."""
    con.register("store_days_rows", store_days(store.config.timezone))
    con.execute("create or replace temp table store_days as from store_days_rows")
    con.unregister("store_days_rows")


@cache
def store_days(timezone: str) -> pa.Table:
    """store_days of a time zone, from 1990 to 2099: other days are refused."""
    begin = days_begin(timezone)
    dates = np.datetime64(FIRST_DAY) + np.arange(SANE_DAYS)
    started = np.searchsorted(begin, dates.astype("datetime64[us]"), side="left")  # days begun before each date
    columns = {"utc_date": dates, "first_day": np.datetime64(FIRST_DAY) + started - 3}
    for ahead, name in enumerate(("second_begins", "third_begins")):
        within = begin[started + ahead] < (dates + 1).astype("datetime64[us]")
        columns[name] = np.where(within, begin[started + ahead], BEFORE_ALL_DAYS)
    return pa.table(columns)


def write_quarantine(warehouse: Warehouse, source: Source) -> None:
    """One lake file of refused rows for each day read; those without a day under 1970-01-01."""
    asset = f"quarantine.{source.name}"
    frame = pl.DataFrame(sql_files.arrow(warehouse.con, "transforms/refused_events"))
    for (ds,), day in frame.partition_by("ds", as_dict=True, maintain_order=True).items():
        warehouse.name_files(asset, [ds], [lake.write(warehouse.store, day.drop("ds"), asset, ds)])


def event_days(warehouse: Warehouse) -> tuple[date, date] | None:
    """The first and the last day with events, None where there is none."""
    [(first, last)] = warehouse.run("ledger/event_days")
    return (first, last) if first else None
