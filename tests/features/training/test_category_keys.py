"""Catalogue and events -> category keys of items, which stay the same."""

from datetime import date, datetime
from typing import Any

import features
from features import Warehouse
from tests.conftest import COLUMNS, Desk

WITH_CATEGORIES = f"{COLUMNS}, cat_id varchar"
EVENTS = [
    (1, 10, 5, "buy", datetime(2025, 3, 1, 9), "tea"),
    (2, 10, 5, "buy", datetime(2025, 3, 1, 10), "coffee"),
    (1, 11, 5, "buy", datetime(2025, 3, 1, 11), "bread"),
    (1, 12, 5, "buy", datetime(2025, 3, 1, 12), None),
    (1, 10, 5, "buy", datetime(2025, 3, 2, 9), "biscuit"),
    (1, 13, 5, "buy", datetime(2025, 3, 3, 9), "bread"),
    (1, 14, 5, "buy", datetime(2025, 3, 3, 10), "salt"),
]


def read(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source(EVENTS, WITH_CATEGORIES), "2025-03-01", "2025-03-03")


def catalogue(desk: Desk, warehouse: Warehouse, rows: str) -> None:
    (desk.folder / "goods.sql").write_text(f"from (values {rows}) as goods (goods_id, cat_id)")
    features.ingest_goods(warehouse, features.find_source(str(desk.folder / "goods.sql"), "goods", None))


def by_goods(warehouse: Warehouse, category_of: Any) -> dict[int, str | None]:
    """Return the category of each item by the ids of the source."""
    names = dict(warehouse.con.execute("select category_key, cat_id from entities.categories").fetchall())
    goods = warehouse.con.execute("select goods_id, goods_key from entities.goods order by goods_id").fetchall()
    assert category_of[0] == 0
    return {goods_id: names.get(int(category_of[key])) for goods_id, key in goods}


def test_an_item_has_the_category_of_its_newest_event_with_one_as_known_by_that_day(
    desk: Desk, warehouse: Warehouse
) -> None:
    read(desk, warehouse)

    first = by_goods(warehouse, features.assign_category_keys(warehouse, date(2025, 3, 1)))
    second = by_goods(warehouse, features.assign_category_keys(warehouse, date(2025, 3, 2)))

    assert first == {10: "coffee", 11: "bread", 12: None, 13: None, 14: None}
    assert second == first | {10: "biscuit"}


def test_the_catalogue_has_precedence_over_events(desk: Desk, warehouse: Warehouse) -> None:
    read(desk, warehouse)
    catalogue(desk, warehouse, "(10, 'drinks'), (11, null), (12, 'milk')")

    found = by_goods(warehouse, features.assign_category_keys(warehouse, date(2025, 3, 1)))

    assert found == {10: "drinks", 11: "bread", 12: "milk", 13: None, 14: None}


def test_keys_are_assigned_once_and_only_for_a_training(desk: Desk, warehouse: Warehouse) -> None:
    read(desk, warehouse)
    keys = "select cat_id, category_key from entities.categories order by category_key"

    tonight = features.item_categories(warehouse, date(2025, 3, 1), date(2025, 3, 3))
    asked: list[Any] = [warehouse.con.execute(keys).fetchall()]
    for day in (1, 3):
        features.assign_category_keys(warehouse, date(2025, 3, day))
        asked.append(warehouse.con.execute(keys).fetchall())

    assert not tonight.any()
    assert asked == [
        [],
        [("bread", 1), ("coffee", 2)],
        [("bread", 1), ("coffee", 2), ("biscuit", 3), ("salt", 4)],
    ]


def test_a_night_gets_categories_of_new_items_but_no_new_categories(desk: Desk, warehouse: Warehouse) -> None:
    read(desk, warehouse)
    features.assign_category_keys(warehouse, date(2025, 3, 2))

    found = by_goods(warehouse, features.item_categories(warehouse, date(2025, 3, 3), date(2025, 3, 3)))

    assert found == {10: None, 11: None, 12: None, 13: "bread", 14: None}


def test_tables_have_a_row_for_each_key_and_the_unknown_one(desk: Desk, warehouse: Warehouse) -> None:
    read(desk, warehouse)
    before = features.table_sizes(warehouse)
    features.assign_category_keys(warehouse, date(2025, 3, 2))

    assert before == (6, 2, 1, 3)
    assert features.table_sizes(warehouse) == (6, 2, 3, 3)
