"""Source rows -> events."""

from collections.abc import Callable
from datetime import date, datetime

import pytest

import features
from features import FeatureError, Warehouse
from tests.conftest import COLUMNS, QUERY, Desk

DAY = datetime(2025, 3, 1)
NOON = datetime(2025, 3, 1, 12)


def test_rows_that_cannot_be_kept_go_to_quarantine_with_their_reason(desk: Desk, warehouse: Warehouse) -> None:
    columns = COLUMNS + ", known_at timestamp, weight double"
    source = desk.source(
        [
            (1, 10, 5, "click", NOON, None, 1.0),
            (None, 10, 5, "click", NOON, None, 1.0),
            (2, None, None, "click", NOON, None, 1.0),
            (3, 10, 5, "click", None, None, 1.0),
            (4, 10, 5, "click", datetime(1889, 1, 1), None, 1.0),
            (5, 10, 5, "click", NOON, DAY, 1.0),
            (6, 10, 5, "click", NOON, NOON, float("nan")),
        ],
        columns,
        "select * from read_parquet($path)",
    )

    counts = desk.ingest(warehouse, source, "2025-02-28", "2025-03-02")

    assert (counts.rows_in, counts.rows, counts.duplicates, counts.quarantined) == (7, 1, 0, 6)
    assert sorted(desk.lake_rows(warehouse, "quarantine.clicks", "user_id, refused"), key=str) == [
        (2, "neither goods_id nor shop_id"),
        (3, "event_ts is missing"),
        (4, "event_ts outside 1990 to 2099"),
        (5, "event_ts after known_at"),
        (6, "weight is not a number"),
        (None, "user_id is missing"),
    ]
    assert desk.lake_rows(warehouse, "events.clicks", "user_key, goods_key, shop_key") == [(1, 1, 1)]


def test_every_day_accounts_for_its_rows_in_the_ledger(desk: Desk, warehouse: Warehouse) -> None:
    source = desk.source([(1, 10, 5, "click", NOON), (None, 10, 5, "click", NOON), (1, 10, 5, "click", DAY)])

    desk.ingest(warehouse, source, "2025-03-01", "2025-03-02")

    ledger = warehouse.con.execute("select ds, rows_in, rows, duplicates, quarantined from ops.intervals order by ds")
    assert ledger.fetchall() == [(date(2025, 3, 1), 3, 2, 0, 1)]


def test_a_shop_visit_without_goods_is_an_event(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source([(1, None, 5, "visit", NOON)]), "2025-03-01", "2025-03-01")

    assert desk.lake_rows(warehouse, "events.clicks", "user_key, goods_key, shop_key") == [(1, 0, 1)]


def test_an_event_at_midnight_belongs_to_the_next_day(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source([(1, 10, 5, "click", DAY)]), "2025-02-28", "2025-03-01")

    assert [file.ds for file in warehouse.files("events.clicks", date(2025, 1, 1), date(2025, 12, 31))] == [
        date(2025, 3, 1)
    ]


def test_a_day_begins_at_midnight_in_the_time_zone_of_the_store(desk_with: Callable[..., Desk]) -> None:
    desk = desk_with(timezone="Asia/Shanghai")
    source = desk.source(
        [(1, 10, 5, "click", datetime(2025, 2, 28, 15, 59)), (1, 11, 5, "click", datetime(2025, 2, 28, 16))]
    )

    with desk.open() as warehouse:
        desk.ingest(warehouse, source, "2025-02-28", "2025-03-01")
        days = [(file.ds, file.rows) for file in warehouse.files("events.clicks", date(2025, 1, 1), date(2025, 12, 31))]

    assert days == [(date(2025, 2, 28), 1), (date(2025, 3, 1), 1)]


def test_reading_a_day_again_replaces_what_the_source_gave_for_it(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(
        warehouse, desk.source([(1, 10, 5, "click", NOON), (1, 11, 5, "click", NOON)]), "2025-03-01", "2025-03-01"
    )
    desk.ingest(warehouse, desk.source([(1, 10, 5, "click", NOON)]), "2025-03-01", "2025-03-01")

    assert desk.lake_rows(warehouse, "events.clicks", "goods_key") == [(1,)]


def test_exact_repeats_are_kept_and_told_apart(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source([(1, 10, 5, "click", NOON)] * 3), "2025-03-01", "2025-03-01")

    ids = [row[0] for row in desk.lake_rows(warehouse, "events.clicks", "event_id")]
    assert ids == sorted(ids)
    assert ids == [ids[0], f"{ids[0]}-0002", f"{ids[0]}-0003"]


def test_events_that_share_an_event_id_collapse_to_the_one_known_last(desk: Desk, warehouse: Warehouse) -> None:
    columns = COLUMNS + ", known_at timestamp, event_id bigint"
    rows = [(1, 10, 5, "click", DAY, DAY, 7), (1, 11, 5, "click", DAY, NOON, 7), (1, 12, 5, "click", DAY, DAY, 8)]

    counts = desk.ingest(warehouse, desk.source(rows, columns), "2025-03-01", "2025-03-01")

    assert (counts.rows_in, counts.rows, counts.duplicates) == (3, 2, 1)
    kept = desk.lake_rows(warehouse, "events.clicks", "goods_key, event_id")
    assert sorted(kept) == [(1, "00000000000000000007"), (2, "00000000000000000008")]


def test_a_key_is_given_once_and_never_changes(desk: Desk, warehouse: Warehouse) -> None:
    source = desk.source([(9, 90, 900, "click", NOON), (1, 10, 100, "click", datetime(2025, 3, 2))])
    desk.ingest(warehouse, source, "2025-03-01", "2025-03-01")
    desk.ingest(warehouse, source, "2025-03-02", "2025-03-02")
    desk.ingest(warehouse, source, "2025-03-01", "2025-03-02")

    keys = warehouse.con.execute("select user_id, user_key from entities.users order by user_key").fetchall()
    assert keys == [(9, 1), (1, 2)]


def test_ids_keep_the_type_they_came_with(desk: Desk, warehouse: Warehouse) -> None:
    columns = COLUMNS.replace("user_id bigint", "user_id varchar").replace("goods_id bigint", "goods_id uuid")
    goods = "6b6f1c1e-5b8e-4a37-9d1e-000000000001"
    desk.ingest(warehouse, desk.source([("用户一", goods, 2**62, "click", NOON)], columns), "2025-03-01", "2025-03-01")

    ids = [
        warehouse.con.execute(f"select {name}_id from entities.{name}s").fetchall()[0][0] for name in ("user", "shop")
    ]
    assert ids == ["用户一", 2**62]
    assert warehouse.con.execute("select goods_id from entities.goods").fetchall() == [(goods,)]


def test_a_second_source_with_ids_of_another_type_is_refused(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source([(1, 10, 5, "click", NOON)]), "2025-03-01", "2025-03-01")
    other = desk.source(
        [("B00X", 10, 5, "click", NOON)], COLUMNS.replace("user_id bigint", "user_id varchar"), name="other"
    )

    with pytest.raises(FeatureError, match="user_id is VARCHAR here and BIGINT in what the store already holds"):
        desk.ingest(warehouse, other, "2025-03-01", "2025-03-01")


def test_every_wrong_column_is_named_with_its_remedy(desk: Desk, warehouse: Warehouse) -> None:
    columns = "user_id double, goods_id bigint, event_type varchar, event_ts bigint"
    source = desk.source([(1.5, 10, "click", 1740000000)], columns, "select * from read_parquet($path)")

    with pytest.raises(FeatureError) as error:
        desk.ingest(warehouse, source, "2025-03-01", "2025-03-01")

    assert str(error.value).splitlines() == [
        "source clicks: 3 column(s) of the query break the contract (docs/sources.md)",
        "  user_id is DOUBLE, expected an integer or text; map it with `cast(user_id as bigint)`",
        "  shop_id is missing, expected an integer or text; "
        "add `... as shop_id` to the query, or `null as shop_id` if you have none",
        "  event_ts is BIGINT, expected TIMESTAMP; "
        "map it with `make_timestamp(event_ts * 1000000)`, if it counts seconds since 1970",
    ]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select 1 +", "the query is not SQL that DuckDB reads"),
        ("select 1 as one; select 2 as two", "a source query is one select"),
        ("drop table entities.users", "a source query is one select"),
        ("select * from read_parquet($file)", r"\$file is not a parameter of a source query"),
        ("select * from read_parquet('nowhere.parquet')", "No files found that match the pattern"),
        ("select nothing from read_parquet($path)", 'Referenced column "nothing" not found'),
    ],
)
def test_a_query_that_cannot_be_read_says_why(desk: Desk, warehouse: Warehouse, query: str, said: str) -> None:
    source = desk.source([(1, 10, 5, "click", NOON)], query=query)

    with pytest.raises(FeatureError, match=said):
        desk.ingest(warehouse, source, "2025-03-01", "2025-03-01")


def test_a_failed_ingestion_leaves_nothing_behind(
    desk: Desk, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.ingest(warehouse, desk.source([(1, 10, 5, "click", NOON)]), "2025-03-01", "2025-03-01")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("features.lake.write", fail)
    with pytest.raises(OSError, match="disk full"):
        desk.ingest(warehouse, desk.source([(2, 11, 6, "click", NOON)]), "2025-03-01", "2025-03-01")

    assert warehouse.con.execute("select user_id from entities.users").fetchall() == [(1,)]
    assert desk.lake_rows(warehouse, "events.clicks", "user_key") == [(1,)]


def test_a_catalogue_names_goods_and_gives_new_ones_a_key(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source([(1, 10, 5, "click", NOON)]), "2025-03-01", "2025-03-01")
    query = "from (values (10, 5, 'milk', true), (11, 6, 'bread', false)) as goods (goods_id, shop_id, name, active)"
    (desk.folder / "catalogue.sql").write_text(query)

    features.ingest_goods(warehouse, features.find_source(str(desk.folder / "catalogue.sql"), "goods", None))

    rows = warehouse.con.execute("select goods_key, shop_key, name, active from entities.catalogue order by goods_key")
    assert rows.fetchall() == [(1, 1, "milk", True), (2, 2, "bread", False)]


def test_the_default_query_reads_only_the_days_asked_for(desk: Desk, warehouse: Warehouse) -> None:
    source = desk.source([(1, 10, 5, "click", NOON), (1, 11, 5, "click", datetime(2025, 3, 5))], query=QUERY)

    counts = desk.ingest(warehouse, source, "2025-03-01", "2025-03-02")

    assert (counts.days, counts.rows_in) == (1, 1)
