"""Ids of a release -> keys: what `nightrank why` needs to work a ranking out again without the warehouse.

It is written for the nights whose sequences are published, in a schema of its own, `inside`, apart from what people are
promised.
"""

from datetime import date

from features.rankings.rankings import TOLD
from features.store import duckdb_connection, lake, sql_files
from features.store.warehouse import Warehouse
from features.training.model_registry import record_of


def publish_inside(warehouse: Warehouse, nights: list[date]) -> None:
    """Writes the schema `inside` of the attached file `release`."""
    con = warehouse.con
    sql_files.run(con, "published/recalled")
    for night in nights:
        [(model_id,)] = warehouse.run("ledger/model_of_night", ds=night)
        about = record_of(warehouse.store.models, model_id)
        files = [lake.verified(warehouse.store, file) for file in warehouse.files("night_goods", night, night)]
        duckdb_connection.view_of_files(
            con, "goods_of_night", files, "goods_key integer, shop_key integer, first_ts timestamp"
        )
        told = [lake.verified(warehouse.store, file) for file in warehouse.files(TOLD, night, night)]
        duckdb_connection.view_of_files(con, "categories_of_night", told, "goods_key bigint, category_key bigint")
        has_users = bool(about.get("config", {}).get("users"))
        sql_files.run(con, "published/recall_night", ds=night, has_users=has_users)
    sql_files.run(con, "published/inside")
