"""Ids of a release -> keys: what `nightrank why` needs to work a ranking out again without the warehouse.

It is written for the nights whose sequences are published, in a schema of its own, `inside`, apart from what people are
promised.
"""

from datetime import date

from features.rankings.rankings import CATEGORIES_ASSET
from features.store import duckdb_connection, lake, sql_files
from features.store.warehouse import Warehouse
from features.training.model_registry import checkpoint_metadata


def publish_model_keys(warehouse: Warehouse, nights: list[date]) -> None:
    """Writes the schema `inside` of the attached file `release`."""
    con = warehouse.con
    sql_files.run(con, "published/recalled")
    for night in nights:
        [(model_id,)] = warehouse.run("ledger/model_of_night", ds=night)
        about = checkpoint_metadata(warehouse.store.models, model_id)
        files = [lake.verified_path(warehouse.store, file) for file in warehouse.files("night_goods", night, night)]
        duckdb_connection.create_files_view(
            con, "goods_of_night", files, "goods_key integer, shop_key integer, first_ts timestamp"
        )
        told = [lake.verified_path(warehouse.store, file) for file in warehouse.files(CATEGORIES_ASSET, night, night)]
        duckdb_connection.create_files_view(con, "categories_of_night", told, "goods_key bigint, category_key bigint")
        config = about.get("config", {})
        has_users = bool(config.get("user_embedding", config.get("users")))  # older checkpoints say users
        sql_files.run(con, "published/recall_night", ds=night, has_users=has_users)
    sql_files.run(con, "published/inside")
