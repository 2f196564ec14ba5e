"""Histories -> what a night knows of its goods, for all buckets: each with its popularity, and which go together."""

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

CODE = 4  # raise it where a change here changes a file
GOODS_SQL = ("night_goods", "night_types", "goods_known", "goods_categories", "histories", "night_catalogue")
PAIRS_SQL = ("recent_goods", "night_pairs", "histories")
OTHERS = 50  # at most so many go with a goods: what a bucket joins is bounded by it
SHRINK = 10  # added to what the cosine divides by: pairs of rare goods that met by chance come behind
PAIRS_PER_QUERY = 20_000_000  # counted in one statement, to stay within DuckDB's memory
NIGHT_GOODS = (
    "goods_key integer, shop_key integer, cat_id varchar, active boolean, popularity bigint, lately double,"
    " first_ts timestamp, interval_days double"
)
NIGHT_PAIRS = "goods_key integer, other_key integer, together integer, cosine double"


def build_night_goods(warehouse: Warehouse, ds: date, config: CandidateConfig) -> int:
    """Writes one row per goods known at the end of the day: shop, category, active, popularity, when it came, how soon
    it is bought again. Returns how many."""
    asset, con = "night_goods", warehouse.con
    fingerprint = night_goods_fingerprint(warehouse, ds, config)
    if not warehouse.is_current(asset, ds, fingerprint):
        create_histories_view(warehouse, ds)
        con.register("night_types", night_types(warehouse, config))
        lately = warehouse.files("events.%", ds - timedelta(days=category_days(config)), ds)
        create_events_view(warehouse, lately, "category_events")
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
    """The event types that the night sees, and which of them count as bought, as an Arrow table. Histories are in
    view."""
    return sql_files.arrow(warehouse.con, "transforms/night_types", bought_types=list(config.purchase_event_types))


def night_goods_fingerprint(warehouse: Warehouse, ds: date, config: CandidateConfig) -> Fingerprint:
    """What the goods of a night are made of: the events seen, the catalogue, how popularity is counted, SQL."""
    return fingerprint(events_seen(warehouse, ds) | shaping_goods(warehouse, ds, config))


def shaping_goods(warehouse: Warehouse, ds: date, config: CandidateConfig) -> dict[str, Any]:
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
    """How far back events say what category a goods is of: as far as what is popular, or excluded, may lie."""
    return max(config.popular_days, config.exclude_purchased_days)


def build_night_pairs(warehouse: Warehouse, ds: date, config: CandidateConfig) -> int:
    """Writes which goods the same users touched lately, a bounded number for each goods. Returns how many pairs."""
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
    """What the pairs of a night are made of: the events seen, how far back and how deep they are looked for, SQL."""
    return fingerprint(events_seen(warehouse, ds) | shaping_pairs(warehouse, config))


def shaping_pairs(warehouse: Warehouse, config: CandidateConfig) -> dict[str, Any]:
    return {
        "settings.store": warehouse.store.config.timezone,
        "settings.candidates": (config.pair_days, config.pair_goods, config.pair_min_users),
        "sql": sql_texts(*(f"transforms/{name}" for name in PAIRS_SQL)),
        "code": (CODE, OTHERS, SHRINK),
    }
