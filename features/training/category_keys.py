"""Catalogue and events -> the category key of each item: the row of its embedding.

Keys are assigned when a training first needs them, so they cost nothing if no model of the store has categories.
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
    """Assign a key to each new category, and return the category of each item.

    As the night of `until` knows it. int64 [goods keys]; see `item_categories`.
    """
    return load_item_categories(warehouse, ALL_DAYS[0], until, assign=True)


def item_categories(warehouse: Warehouse, since: date, until: date) -> np.ndarray:
    """Return the category key of each item, by goods key.

    It is 0 if the item has no category or one without a key. It is the catalogue's, as the night of `until` sees it;
    else that of the newest event among those that the nights from `since` to `until` saw first. int64 [goods keys]
    """
    return load_item_categories(warehouse, since, until, assign=False)


def load_item_categories(warehouse: Warehouse, since: date, until: date, *, assign: bool) -> np.ndarray:
    """Load the category of each item, after assigning missing keys with `assign`."""
    create_events_view(warehouse, warehouse.files("events.%", since, until), "category_events")
    create_catalogue_view(warehouse, until)
    sql_files.run(warehouse.con, "transforms/goods_categories")
    if assign:
        sql_files.run(warehouse.con, "transforms/new_categories")
    found = pl.DataFrame(sql_files.arrow(warehouse.con, "transforms/category_keys"))
    category_of = np.zeros(table_sizes(warehouse)[0], np.int64)
    category_of[found["goods_key"].to_numpy()] = found["category_key"].to_numpy()
    return category_of


def categories_since_training(warehouse: Warehouse, model_id: str, ds: date) -> np.ndarray:
    """Return the categories of items that events gave one since the model was trained."""
    metadata = checkpoint_metadata(warehouse.store.models, model_id)
    since = date.fromisoformat(metadata["categories_until"]) + timedelta(days=1)
    return item_categories(warehouse, since, ds)
