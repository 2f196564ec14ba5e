"""Ids of a release -> keys: what `nightrank why` needs to work a ranking out again without the warehouse.

It is written for the nights whose sequences are published, in a schema of its own, `inside`, apart from what people are
promised.
"""

from datetime import date
from typing import Any

import polars as pl

from features import database, lake, statements
from features.categories import categories_for
from features.models import record_of
from features.warehouse import Warehouse


def publish_inside(warehouse: Warehouse, nights: list[date]) -> None:
    """Writes the schema `inside` of the attached file `release`."""
    con = warehouse.con
    statements.run(con, "published/recalled")
    for night in nights:
        [(model_id,)] = warehouse.run("ledger/model_of_night", ds=night)
        about = record_of(warehouse.store.models, model_id)
        files = [lake.verified(warehouse.store, file) for file in warehouse.files("night_goods", night, night)]
        database.view_of_files(con, "goods_of_night", files, "goods_key integer, shop_key integer")
        con.register("categories_of_night", night_categories(warehouse, night, about).to_arrow())
        has_users = bool(about.get("config", {}).get("users"))
        statements.run(con, "published/recall_night", ds=night, has_users=has_users)
        con.unregister("categories_of_night")
    statements.run(con, "published/inside")


def night_categories(warehouse: Warehouse, night: date, about: dict[str, Any]) -> pl.DataFrame:
    """The goods whose category the night told its model, which tells categories apart: one row each, none otherwise."""
    found = pl.DataFrame(schema={"goods_key": pl.Int64, "category_key": pl.Int64})
    if not about.get("config", {}).get("categories"):
        return found
    category_of = pl.Series("category_key", categories_for(warehouse, about["model_id"], night))
    return category_of.to_frame().with_row_index("goods_key").filter(pl.col("category_key") > 0).cast(found.schema)
