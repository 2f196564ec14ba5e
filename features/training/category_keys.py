"""Goods catalogue and events -> the category of each goods, as a key: the row of its embedding.

Keys are given when a training first asks for them, so a store whose models have no categories pays nothing for them.
"""

from datetime import date, timedelta

import numpy as np
import polars as pl

from features.ingest.catalogue import create_catalogue_view
from features.ingest.event_files import ALL_DAYS, create_events_view
from features.store import sql_files
from features.store.warehouse import Warehouse
from features.training.model_registry import checkpoint_metadata, table_sizes


def assign_category_keys(warehouse: Warehouse, until: date) -> np.ndarray:
    """The category of each goods as the night of `until` knows it, after giving a key to each category that has none.
    int64 [goods keys]; see `categories_of`."""
    return keys_of_goods(warehouse, ALL_DAYS[0], until, gives=True)


def item_categories(warehouse: Warehouse, since: date, until: date) -> np.ndarray:
    """The category of each goods by its key, 0 where it has none or one without a key: the catalogue's, as the night of
    `until` sees it, or else that of the newest event among those that the nights from `since` to `until` saw first.
    int64 [goods keys]
    """
    return keys_of_goods(warehouse, since, until, gives=False)


def keys_of_goods(warehouse: Warehouse, since: date, until: date, *, gives: bool) -> np.ndarray:
    create_events_view(warehouse, warehouse.files("events.%", since, until), "category_events")
    create_catalogue_view(warehouse, until)
    sql_files.run(warehouse.con, "transforms/goods_categories")
    if gives:
        sql_files.run(warehouse.con, "transforms/new_categories")
    found = pl.DataFrame(sql_files.arrow(warehouse.con, "transforms/category_keys"))
    category_of = np.zeros(table_sizes(warehouse)[0], np.int64)
    category_of[found["goods_key"].to_numpy()] = found["category_key"].to_numpy()
    return category_of


def categories_since_training(warehouse: Warehouse, model_id: str, ds: date) -> np.ndarray:
    """The categories that a night tells its model: of goods whose events gave one since the model was trained."""
    since = date.fromisoformat(checkpoint_metadata(warehouse.store.models, model_id)["categories_until"]) + timedelta(
        days=1
    )
    return item_categories(warehouse, since, ds)
