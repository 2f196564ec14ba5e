"""Source rows -> events: cleaned, given keys, kept once; what is refused is kept aside with its reason."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, partial

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from features import assembled, lake, statements
from features.config import IngestConfig
from features.dates import FIRST_DAY, SANE_DAYS, days_begin
from features.entities import check_id_types, make_entities
from features.errors import FeatureError
from features.events import replace_events
from features.fingerprints import Fingerprint, made_of, texts
from features.registry import register
from features.sources import Reading, Source, open_source
from features.store import Store
from features.warehouse import Warehouse

CODE = 1  # raise it where a change here changes what is kept of a source
COLLAPSE_CODE = 1  # raise it where a change changes what `repeats = "collapse"` keeps
NEVER = np.datetime64("9999-12-31", "us")  # later than any time that is kept; NULL would cost a test for each event
ROWS_AT_ONCE = 4_000_000  # about 500 MB in DuckDB
WORK_OF_DUPLICATES = ("repeated_numbers", "contested_numbers", "contested_events", "shared_events", "duplicate_events")


@dataclass(frozen=True)
class Ingested:
    """What became of the rows of a source: rows_in = rows + duplicates + quarantined."""

    source: str
    days: int
    rows_in: int
    rows: int
    duplicates: int
    quarantined: int


def ingest_events(
    warehouse: Warehouse, source: Source, first_ds: date, last_ds: date, config: IngestConfig
) -> Ingested:
    """Reads the days of a source, both included, in place of what it gave for them before.

    Entities, files, counts and ledger rows come true in one transaction. Many rows are read some days at a time, each
    time in a transaction of its own: a read that stops half-way has read whole days.
    """
    started_at, con, store = warehouse.clock(), warehouse.con, warehouse.store
    reading = open_source(con, source, store, first_ds, last_ds)
    if source.days_by not in reading.columns:
        raise FeatureError(f"source {source.name}: days go by {source.days_by}, and the query gives no such column")
    make_store_days(con, store)
    statements.run(con, "transforms/content_hash")
    is_named = "event_id" in reading.columns
    last_read = warehouse.one("ledger/last_day_read", asset=source.asset)
    portions = in_portions(con, store, reading, first_ds, last_ds)
    numbers_read: list[np.ndarray] = []
    for start, end in portions:
        # Outside the transaction: DuckDB reads what is not yet committed with one thread.
        read_days(warehouse, reading, config, start, end, is_first=start == first_ds)
        if is_named:
            find_repeats(con, numbers_read, store.config.threads)
        warehouse.run("ledger/rows_before", source=source.name)
        with warehouse.transaction():
            register(warehouse, source)
            statements.run(con, "transforms/new_entities")
            statements.run(con, "transforms/keyed_events")
            is_first = start == first_ds
            warehouse.run("ledger/clear_days_read", source=source.name, first_ds=start, last_ds=end, is_first=is_first)
            is_new = last_read is None
            replace_events(warehouse, source.name, config.repeats, start, end, is_new, is_named=is_named)
            if last_read:
                note_late(warehouse, source, last_read)
            write_refused(warehouse, source)
            warehouse.run(
                "ledger/count_days_read",
                asset=source.asset,
                **events_fingerprint(warehouse, source, config).ledger,
                run_id=warehouse.run_id,
                started_at=started_at,
                now=warehouse.clock(),
            )
            if end == last_ds:
                warehouse.end_run("done")
    [counts] = warehouse.run("ledger/days_read", asset=source.asset, first_ds=first_ds, last_ds=last_ds)
    for table in ("day_events", *WORK_OF_DUPLICATES):
        con.execute(assembled.drop_table(table))
    return Ingested(source.name, *counts)


def events_fingerprint(warehouse: Warehouse, source: Source, config: IngestConfig) -> Fingerprint:
    """What the events of a source are made of, beside what the source gives: its query, settings, SQL."""
    parts = {
        "query": source.query,
        "settings.store": warehouse.store.config.timezone,
        "settings.ingest": (config.knowledge, config.repeats),
        "sql": texts("transforms/cleaned_events", "transforms/keyed_events"),
        "code": (CODE, COLLAPSE_CODE) if config.repeats == "collapse" else CODE,
    }
    return made_of(parts)


def note_late(warehouse: Warehouse, source: Source, last_read: date) -> None:
    """Notes which of the days that had been read before have more events now; reads rows_before."""
    told = {"source": source.name, "last_read": last_read, "run_id": warehouse.run_id, "now": warehouse.clock()}
    warehouse.run("ledger/note_late", **told)


def in_portions(
    con: duckdb.DuckDBPyConnection, store: Store, reading: Reading, first_ds: date, last_ds: date
) -> list[tuple[date, date]]:
    """Cuts the days into runs of about ROWS_AT_ONCE rows, the first beginning with the first day, the last ending with
    the last, so that memory does not grow with the size of a source."""
    reading.into(con, "source_size", statements.read("transforms/source_size"), days_by=reading.source.days_by)
    [(rows, first_ts, last_ts)] = con.execute("from source_size").fetchall()
    if rows <= ROWS_AT_ONCE or first_ts is None:
        return [(first_ds, last_ds)]
    begin, end = max(first_ds, store.day_of(first_ts)), min(last_ds, store.day_of(last_ts))
    days = max((end - begin).days + 1, 1)
    portions = min(-(-rows // ROWS_AT_ONCE), days)
    cuts = [begin + timedelta(days=days * n // portions) for n in range(1, portions)]
    return list(zip([first_ds, *cuts], [*(cut - timedelta(days=1) for cut in cuts), last_ds], strict=True))


def read_days(
    warehouse: Warehouse, reading: Reading, config: IngestConfig, first_ds: date, last_ds: date, is_first: bool
) -> None:
    """Judges the rows of some days: day_events, and kept_events. Rows without a day come with the first ones."""
    con, store = warehouse.con, warehouse.store
    reading.into(
        con,
        "day_events",
        statements.read("transforms/cleaned_events"),
        days_by=reading.source.days_by,
        knowledge=config.knowledge,
        is_first=is_first,
        day_start=store.day_start(first_ds),
        day_end=store.day_end(last_ds),
    )
    if "known_at" in reading.dated:
        statements.run(con, "transforms/known_after_day")
    make_entities(con)
    check_id_types(con, "day_events", "users", "goods", "shops")
    refuse_forgotten(warehouse)
    statements.run(con, "transforms/kept_events")


def find_repeats(con: duckdb.DuckDBPyConnection, read: list[np.ndarray], threads: int) -> None:
    """The table repeated_numbers: each event_no of day_events that comes more than once in this read so far. `read`
    holds what earlier portions gave, each sorted, and is given that of this one.

    By sorting, which takes less than a third of the time of counting (docs/experiments.md).
    """
    numbers = con.table("day_events").filter("event_no is not null").select("event_no")
    given = pl.DataFrame(numbers.to_arrow_table())["event_no"].sort().to_numpy()
    again = given[1:][given[1:] == given[:-1]]
    with ThreadPoolExecutor(threads) as pool:
        found = [again, *pool.map(partial(in_both, given), read)]
    read.append(given)
    con.register("repeats", pa.table({"event_no": np.unique(np.concatenate(found))}))
    con.execute("create or replace temp table repeated_numbers as from repeats")
    con.unregister("repeats")


def in_both(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The values of one sorted array that are in another too."""
    place = np.searchsorted(others, some)
    within = place < len(others)
    return some[within][others[place[within]] == some[within]]


def refuse_forgotten(warehouse: Warehouse) -> None:
    """Refuses the rows of day_events whose people are forgotten (features/erasure.py)."""
    if warehouse.one("transforms/any_forgotten"):
        warehouse.run("transforms/refuse_forgotten")


def make_store_days(con: duckdb.DuckDBPyConnection, store: Store) -> None:
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
        columns[name] = np.where(within, begin[started + ahead], NEVER)
    return pa.table(columns)


def write_refused(warehouse: Warehouse, source: Source) -> None:
    """One lake file of refused rows for each day read; those without a day under 1970-01-01."""
    asset = f"quarantine.{source.name}"
    frame = pl.DataFrame(statements.run(warehouse.con, "transforms/refused_events").to_arrow_table())
    for (ds,), day in frame.partition_by("ds", as_dict=True, maintain_order=True).items():
        warehouse.name_files(asset, [ds], [lake.write(warehouse.store, day.drop("ds"), asset, ds)])


def event_days(warehouse: Warehouse) -> tuple[date, date] | None:
    """The first and the last day with events, None where there is none."""
    [(first, last)] = warehouse.run("ledger/event_days")
    return (first, last) if first else None
