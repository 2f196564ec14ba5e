"""Histories -> candidates of a night: what each source in sql/candidates proposes, together, with their names kept."""

from datetime import date

import duckdb
import polars as pl

from features import database, lake, statements
from features.config import CandidateConfig
from features.errors import FeatureError
from features.histories import HISTORY_TYPES, histories_fingerprint, history_files, view_histories
from features.warehouse import Warehouse

CONTRACT = ["user_key", "goods_key", "strength"]


def build_night_goods(warehouse: Warehouse, ds: date, config: CandidateConfig) -> int:
    """Writes one row per goods known at the end of the day: shop, category, active, popularity. Returns how many."""
    asset = "night_goods"
    query = statements.read("transforms/night_goods")
    catalogue = warehouse.run("ledger/catalogue_version")
    fingerprint = statements.fingerprint(histories_fingerprint(warehouse, ds), catalogue, query, config.popular_days)
    if not warehouse.is_current(asset, ds, fingerprint):
        view_histories(warehouse, ds)
        values = {"as_of": warehouse.store.day_end(ds), "popular_days": config.popular_days}
        with warehouse.building(asset, ds, fingerprint) as made:
            frame = pl.DataFrame(warehouse.con.execute(query, values).to_arrow_table())
            made.files.append(lake.write(warehouse.store, frame, asset, ds))
            made.rows = len(frame)
    return sum(file.rows for file in warehouse.files(asset, ds, ds))


def build_candidates(warehouse: Warehouse, ds: date, config: CandidateConfig) -> int:
    """Writes the candidates of each bucket of users. Returns how many.

    A connection of its own for each bucket sees nothing but that bucket's files: the work could be anywhere.
    """
    store, asset = warehouse.store, "candidates"
    queries = {name: statements.read(f"candidates/{name}") for name in statements.names("candidates")}
    goods = warehouse.files("night_goods", ds, ds)
    union = statements.read("transforms/candidate_union")
    fingerprint = statements.fingerprint(
        histories_fingerprint(warehouse, ds), [file.sha256 for file in goods], queries, union, config
    )
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
