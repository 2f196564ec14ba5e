"""Goods catalogue -> what each night may know of an item beyond its events: shop, category, and whether it is active.

`entities.catalogue` holds the current row of each item, `entities.catalogue_before` the rows it had, each with the day
of the read that brought it.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import duckdb
import numpy as np
import polars as pl

from features.errors import FeatureError
from features.ingest.columns.date_columns import FIRST_DAY
from features.ingest.entity_keys import has_entities
from features.ingest.ingest_events import IngestResult
from features.ingest.skipped_rows import record_skipped, skipped_row_count
from features.ingest.source_registry import register
from features.ingest.sources import Source, open_source
from features.store import duckdb_connection, sql_files
from features.store.fingerprints import Fingerprint, fingerprint
from features.store.warehouse import Warehouse

EARLIEST, LATEST = datetime(1970, 1, 1), datetime(9999, 1, 1)  # noqa: DTZ001 - UTC, as inside


@dataclass(frozen=True)
class CatalogueResult(IngestResult):
    """A read of the catalogue: how many items changed, and how many have rows that differ, such as `example`.

    `refused`: how many rows were left out, by reason.
    """

    changed: int = 0
    conflicts: int = 0
    example: str | None = None
    refused: dict[str, int] = field(default_factory=dict)


def ingest_goods(warehouse: Warehouse, source: Source) -> CatalogueResult:
    """Read a catalogue of goods into the version of today, in the store's time zone.

    Raises FeatureError before any events are read, since events decide the types of ids.
    """
    con, store, started_at = warehouse.con, warehouse.store, warehouse.clock()
    if not has_entities(con):
        raise FeatureError(f"source {source.name}: ingest events first; the catalogue then names their goods")
    reading = open_source(con, source, store, FIRST_DAY, FIRST_DAY)
    reading.into(con, "source_goods", "from source_goods")
    reading.check_id_types(con, "source_goods")
    sql_files.run(con, "transforms/content_hash")
    [(rows_in,)] = con.execute("select count(*) from source_goods").fetchall()
    refused = dict(warehouse.run("transforms/refused_goods"))
    quarantined = sum(refused.values())
    with warehouse.transaction():
        register(warehouse, source)
        [(goods, changed, conflicts, example)] = warehouse.run("transforms/catalogue", ds=store.day_of(started_at))
        found = {
            "changed": changed,
            "conflicts": conflicts,
            "example": example,
            "refused": refused,
            **skipped_row_count(con, reading),
        }
        read = CatalogueResult(source.name, 0, rows_in, goods, rows_in - quarantined - goods, quarantined, **found)
        counts = {name: getattr(read, name) for name in ("rows_in", "rows", "duplicates", "quarantined")}
        record_read(warehouse, source, "ledger/count_catalogue", started_at=started_at, **counts)
        warehouse.run("ledger/note_refused_goods", asset=source.asset, ds=store.day_of(started_at))
        record_skipped(warehouse, source)
        warehouse.end_run("done")
    con.execute("drop table source_goods")
    return read


def record_catalogue_failure(warehouse: Warehouse, source: Source, error: FeatureError) -> None:
    """Record that a catalogue could not be read: the night goes on with what the store has."""
    record_read(warehouse, source, "ledger/fail_catalogue", error=str(error))


def record_read(warehouse: Warehouse, source: Source, statement: str, **values: Any) -> None:
    now = warehouse.clock()
    about = {"asset": source.asset, "ds": warehouse.store.day_of(now), "run_id": warehouse.run_id, "now": now}
    warehouse.run(statement, **about, **catalogue_fingerprint(source).ledger, **values)


def catalogue_fingerprint(source: Source) -> Fingerprint:
    return fingerprint({"query": source.query})


def create_catalogue_view(warehouse: Warehouse, ds: date) -> None:
    """Create the table night_catalogue: the catalogue as the night of `ds` sees it."""
    warehouse.run("transforms/night_catalogue", ds=ds)


def catalogue_version(warehouse: Warehouse, ds: date) -> list[tuple]:
    """Return a part that changes when the night of `ds` sees another catalogue; names do not count."""
    return [row[:2] for row in versions(warehouse, ds)]


def known_version(warehouse: Warehouse, ds: date) -> list[Any]:
    """Return a part that changes when the catalogue of `ds` knows other items, or has them in other shops."""
    return [known for _, _, known in versions(warehouse, ds)]


def versions(warehouse: Warehouse, ds: date) -> list[tuple]:
    return warehouse.run("ledger/catalogue_version", ds=ds) if has_history(warehouse.con) else []


def shops_version(warehouse: Warehouse, ds: date) -> list[tuple]:
    """Return a part that changes when events up to `ds` take other shops from the catalogue; empty without any."""
    found = warehouse.run("ledger/catalogue_shops_version", ds=ds) if has_history(warehouse.con) else []
    return [row for row in found if row[0]]


def has_history(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the store is of a version that keeps the catalogue's history; older ones get it at the next write."""
    return duckdb_connection.has_table(con, "entities", "catalogue_before")


def catalogue_shops(warehouse: Warehouse) -> pl.DataFrame:
    """Return one row per item and period in which the catalogue gave it one shop.

    Columns goods_key, shop_key, from_ts, until_ts (excluded), by item and time. A period begins with the day of the
    read; the first one reaches back before all events.
    """
    rows = pl.DataFrame(sql_files.arrow(warehouse.con, "transforms/catalogue_shops"))
    begins = {day: warehouse.store.day_start(day) for day in rows["since"].unique().drop_nulls()}
    from_ts = rows["since"].replace_strict(begins, default=EARLIEST, return_dtype=pl.Datetime("us"))
    until_ts = pl.col("from_ts").shift(-1).over("goods_key").fill_null(LATEST)
    periods = rows.select("goods_key", "shop_key", from_ts.alias("from_ts")).with_columns(until_ts.alias("until_ts"))
    return periods.filter(pl.col("shop_key") > 0)


def with_catalogue_shops(
    warehouse: Warehouse, goods_keys: np.ndarray, shop_keys: np.ndarray, event_ts: np.ndarray
) -> np.ndarray:
    """Return the shop of each event: its own, else the one the catalogue gave its item on that day, else 0.

    Keys int32 [N], event_ts int64 [N] in microseconds. A catalogue read after the event's day changes nothing, so a
    night and a training that sees the same event see the same shop.
    """
    rows = np.flatnonzero((shop_keys == 0) & (goods_keys > 0))
    if not len(rows):
        return shop_keys
    periods = catalogue_shops(warehouse)
    if not len(periods):
        return shop_keys
    begins = periods["from_ts"].to_physical().to_numpy()
    moments = np.unique(begins)
    place = location_of(periods["goods_key"].to_numpy(), begins, moments)
    found = np.searchsorted(place, location_of(goods_keys[rows], event_ts[rows], moments), "right") - 1
    last = np.maximum(found, 0)
    same = (found >= 0) & (periods["goods_key"].to_numpy()[last] == goods_keys[rows])
    same &= event_ts[rows] < periods["until_ts"].to_physical().to_numpy()[last]
    filled = shop_keys.copy()
    filled[rows[same]] = periods["shop_key"].to_numpy()[last[same]]
    return filled


def never_touched(warehouse: Warehouse, ds: date) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys of goods and of shops that only the catalogue has by the end of `ds`. int64 each

    The relation `histories` must be in view and reach `ds`.
    """
    create_catalogue_view(warehouse, ds)
    found = warehouse.run("transforms/never_touched")
    goods, shops = (np.array([key for part, key in found if part == of], np.int64) for of in ("goods", "shop"))
    return goods, shops


def location_of(goods_keys: np.ndarray, ts: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Return one number per item and time, in the order of items, then of the periods between the moments."""
    return goods_keys.astype(np.int64) * (len(moments) + 1) + np.searchsorted(moments, ts, "right")
