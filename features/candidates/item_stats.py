"""Histories -> item statistics of a night, for all buckets: popularity of each item, and co-visited items."""

from datetime import date, timedelta
from typing import Any

import polars as pl

from features.config import CandidateConfig
from features.ingest.catalogue import catalogue_version
from features.ingest.event_files import create_events_view
from features.sequences.histories import create_histories_view, events_seen
from features.store import lake, sql_files
from features.store.fingerprints import Fingerprint, fingerprint, sql_texts
from features.store.warehouse import Warehouse

CODE = 4  # raise it when a change here changes a file
GOODS_SQL = ("night_goods", "night_types", "goods_known", "goods_categories", "histories", "night_catalogue")
PAIRS_SQL = ("recent_goods", "night_pairs", "histories")
OTHERS = 50  # most co-visited items of an item; it bounds what a bucket joins
SHRINK = 10  # added to the denominator of the cosine, so that chance pairs of rare items rank low
PAIRS_PER_QUERY = 20_000_000  # counted in one statement, to stay within DuckDB's memory
NIGHT_GOODS = (
    "goods_key integer, shop_key integer, cat_id varchar, active boolean, popularity bigint, lately double,"
    " first_ts timestamp, interval_days double"
)
NIGHT_PAIRS = "goods_key integer, other_key integer, together integer, cosine double"


def build_night_goods(warehouse: Warehouse, ds: date, config: CandidateConfig) -> int:
    """Write one row per item known at the day's end; return how many.

    Columns: shop, category, active, popularity, time of the first event, and days until it is bought again.
    """
    asset, con = "night_goods", warehouse.con
    fingerprint = night_goods_fingerprint(warehouse, ds, config)
    if not warehouse.is_current(asset, ds, fingerprint):
        create_histories_view(warehouse, ds)
        con.register("night_types", night_types(warehouse, config))
        recent = warehouse.files("events.%", ds - timedelta(days=category_days(config)), ds)
        create_events_view(warehouse, recent, "category_events")
        sql_files.run(con, "transforms/goods_categories")
        values = {
            "as_of": warehouse.store.day_end(ds),
            "popular_days": config.popular_days,
            "half_life_days": config.half_life_days,
        }
        with warehouse.building(asset, ds, fingerprint) as made:
            frame = pl.DataFrame(sql_files.arrow(con, "transforms/night_goods", **values))
            made.files.append(lake.write(warehouse.store, frame, asset, ds))
            made.rows = len(frame)
        con.unregister("night_types")
    return sum(file.rows for file in warehouse.files(asset, ds, ds))


def night_types(warehouse: Warehouse, config: CandidateConfig) -> Any:
    """Return the event types of the night, and which count as purchases.

    The result is an Arrow table. The relation `histories` must exist.
    """
    return sql_files.arrow(warehouse.con, "transforms/night_types", bought_types=list(config.purchase_event_types))


def night_goods_fingerprint(warehouse: Warehouse, ds: date, config: CandidateConfig) -> Fingerprint:
    """Fingerprint the inputs of night_goods: events seen, catalogue, popularity settings and SQL."""
    return fingerprint(events_seen(warehouse, ds) | night_goods_inputs(warehouse, ds, config))


def night_goods_inputs(warehouse: Warehouse, ds: date, config: CandidateConfig) -> dict[str, Any]:
    """Return the fingerprint parts of night_goods, without those of the events seen."""
    return {
        "goods": catalogue_version(warehouse, ds),
        "settings.store": warehouse.store.config.timezone,
        "settings.candidates": (
            config.popular_days,
            config.half_life_days,
            config.purchase_event_types,
            category_days(config),
        ),
        "sql": sql_texts(*(f"transforms/{name}" for name in GOODS_SQL)),
        "code": CODE,
    }


def category_days(config: CandidateConfig) -> int:
    """Return over how many days events give items a category.

    It covers the days in which items can be popular or excluded.
    """
    return max(config.popular_days, config.exclude_purchased_days)


def build_night_pairs(warehouse: Warehouse, ds: date, config: CandidateConfig) -> int:
    """Write the pairs of items that the same users recently touched, and return how many.

    Each item has at most OTHERS pairs.
    """
    asset, con = "night_pairs", warehouse.con
    fingerprint = night_pairs_fingerprint(warehouse, ds, config)
    if not warehouse.is_current(asset, ds, fingerprint):
        create_histories_view(warehouse, ds)
        values = {
            "as_of": warehouse.store.day_end(ds),
            "pair_days": config.pair_days,
            "pair_goods": config.pair_goods,
            "pair_support": config.pair_min_users,
            "others": OTHERS,
            "shrink": SHRINK,
        }
        with warehouse.building(asset, ds, fingerprint) as made:
            sql_files.run(con, "transforms/recent_goods", **values)
            [(rows,)] = con.execute("select count(*) from recent_goods").fetchall()
            values["parts"] = rows * config.pair_goods // PAIRS_PER_QUERY + 1
            shares = [
                pl.DataFrame(sql_files.arrow(con, "transforms/night_pairs", part=part, **values))
                for part in range(values["parts"])
            ]
            frame = pl.concat(shares).sort("goods_key", "other_key")
            made.files.append(lake.write(warehouse.store, frame, asset, ds))
            made.rows = len(frame)
        con.execute("drop table recent_goods")
    return sum(file.rows for file in warehouse.files(asset, ds, ds))


def night_pairs_fingerprint(warehouse: Warehouse, ds: date, config: CandidateConfig) -> Fingerprint:
    """Fingerprint the inputs of night_pairs: events seen, days and items per user, and SQL."""
    return fingerprint(events_seen(warehouse, ds) | night_pairs_inputs(warehouse, config))


def night_pairs_inputs(warehouse: Warehouse, config: CandidateConfig) -> dict[str, Any]:
    """Return the fingerprint parts of night_pairs, without those of the events seen."""
    return {
        "settings.store": warehouse.store.config.timezone,
        "settings.candidates": (config.pair_days, config.pair_goods, config.pair_min_users),
        "sql": sql_texts(*(f"transforms/{name}" for name in PAIRS_SQL)),
        "code": (CODE, OTHERS, SHRINK),
    }
