"""Histories -> candidates of a night: what each source in sql/candidates proposes, together, with their names kept."""

from datetime import date
from typing import Any

import duckdb
import polars as pl

from features import database, lake, statements
from features.config import CandidateConfig
from features.errors import FeatureError
from features.fingerprints import Fingerprint, made_of, texts
from features.histories import HISTORY_TYPES, cut_in, events_seen, history_files, view_histories
from features.warehouse import Warehouse

CONTRACT = ["user_key", "goods_key", "strength"]
CODE = 1  # raise it where a change here changes a file
GOODS_SQL = ("transforms/night_goods", "transforms/goods_known", "transforms/histories")
UNION_SQL = ("transforms/night", "transforms/candidate_union")


def build_night_goods(warehouse: Warehouse, ds: date, config: CandidateConfig) -> int:
    """Writes one row per goods known at the end of the day: shop, category, active, popularity. Returns how many."""
    asset, query = "night_goods", statements.read("transforms/night_goods")
    fingerprint = night_goods_fingerprint(warehouse, ds, config)
    if not warehouse.is_current(asset, ds, fingerprint):
        view_histories(warehouse, ds)
        values = {"as_of": warehouse.store.day_end(ds), "popular_days": config.popular_days}
        with warehouse.building(asset, ds, fingerprint) as made:
            frame = pl.DataFrame(warehouse.con.execute(query, values).to_arrow_table())
            made.files.append(lake.write(warehouse.store, frame, asset, ds))
            made.rows = len(frame)
    return sum(file.rows for file in warehouse.files(asset, ds, ds))


def night_goods_fingerprint(warehouse: Warehouse, ds: date, config: CandidateConfig) -> Fingerprint:
    """What the goods of a night are made of: the events seen, the catalogue, how far back popularity goes, SQL."""
    return made_of(events_seen(warehouse, ds) | shaping_goods(warehouse, config))


def shaping_goods(warehouse: Warehouse, config: CandidateConfig) -> dict[str, Any]:
    return {
        "goods": warehouse.run("ledger/catalogue_version"),
        "settings.store": warehouse.store.config.timezone,
        "settings.candidates": config.popular_days,
        "sql": texts(*GOODS_SQL),
        "code": CODE,
    }


def candidates_fingerprint(warehouse: Warehouse, ds: date, config: CandidateConfig) -> Fingerprint:
    """What candidates are made of: the events seen, the goods of the night, what the sources ask, the quotas."""
    goods = shaping_goods(warehouse, config)
    sql = goods["sql"] | texts(*UNION_SQL) | source_queries()
    return made_of(events_seen(warehouse, ds) | goods | cut_in(warehouse) | {"settings.candidates": config, "sql": sql})


def source_queries() -> dict[str, str]:
    """The query of each candidate source by name."""
    return {name: statements.read(f"candidates/{name}") for name in statements.names("candidates")}


def build_candidates(warehouse: Warehouse, ds: date, config: CandidateConfig) -> int:
    """Writes the candidates of each bucket of users. Returns how many.

    A connection of its own for each bucket sees nothing but that bucket's files: the work could be anywhere.
    """
    store, asset = warehouse.store, "candidates"
    queries = source_queries()
    fingerprint = candidates_fingerprint(warehouse, ds, config)
    if not warehouse.is_current(asset, ds, fingerprint):
        with warehouse.building(asset, ds, fingerprint) as made:
            for bucket in range(store.config.buckets):
                con = database.connect(None, store.config, store.spill)
                show_night(con, warehouse, ds, bucket)
                frame = propose(con, queries, config)
                con.close()
                made.files.append(lake.write(store, frame, asset, ds, bucket))
            made.rows = sum(file.rows for file in made.files)
    return sum(file.rows for file in warehouse.files(asset, ds, ds))


def show_night(con: duckdb.DuckDBPyConnection, warehouse: Warehouse, ds: date, bucket: int) -> None:
    """Makes what candidate sources read, for one bucket of users: the night, its users, their histories, its goods."""
    store = warehouse.store
    base, since = history_files(warehouse, ds)
    for view, files, columns in (
        ("night_goods", warehouse.files("night_goods", ds, ds), ""),
        ("base_histories", [file for file in base if file.bucket == bucket], HISTORY_TYPES),
        ("days_since", since, HISTORY_TYPES),
    ):
        database.view_of_files(con, view, [lake.verified(store, file) for file in files], columns)
    con.register("event_types", warehouse.con.execute("from entities.event_types").to_arrow_table())
    values = {"ds": ds, "as_of": store.day_end(ds), "bucket": bucket, "buckets": store.config.buckets}
    statements.run(con, "transforms/night", **values)


def propose(con: duckdb.DuckDBPyConnection, queries: dict[str, str], config: CandidateConfig) -> pl.DataFrame:
    """Runs every source over the users of one bucket and unites what they give."""
    for name, query in queries.items():
        try:
            proposed = con.sql(query)
        except duckdb.Error as error:
            raise FeatureError(f"sql/candidates/{name}.sql does not run: {error}") from error
        if sorted(proposed.columns) != sorted(CONTRACT):
            raise FeatureError(f"sql/candidates/{name}.sql gives {proposed.columns}, expected {CONTRACT}")
        proposed.create_view("proposed", replace=True)
        con.execute("insert into candidate_rows by name select *, $name as source from proposed", {"name": name})
    statements.run(con, "transforms/candidate_union")
    values = {"per_source": config.per_source, "per_user": config.per_user}
    return pl.DataFrame(con.execute("from candidate_union($per_source, $per_user)", values).to_arrow_table())
