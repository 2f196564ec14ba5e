"""Source rows -> events."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

import features
from features import FeatureError, IngestConfig, StoreConfig, Warehouse
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


def test_exact_repeats_are_kept(desk: Desk, warehouse: Warehouse) -> None:
    counts = desk.ingest(warehouse, desk.source([(1, 10, 5, "click", NOON)] * 3), "2025-03-01", "2025-03-01")

    assert (counts.rows, counts.duplicates) == (3, 0)
    assert desk.lake_rows(warehouse, "events.clicks", "user_key, goods_key") == [(1, 1)] * 3


def test_exact_repeats_collapse_where_the_setting_says_so(desk: Desk, warehouse: Warehouse) -> None:
    rows = [(1, 10, 5, "click", NOON)] * 3 + [(1, 10, 5, "buy", NOON), (1, 10, None, "click", NOON)]

    counts = replace(desk, ingestion=IngestConfig(exact_duplicates="collapse")).ingest(
        warehouse, desk.source(rows), "2025-03-01", "2025-03-01"
    )

    assert (counts.rows_in, counts.rows, counts.duplicates) == (5, 3, 2)
    assert len(desk.lake_rows(warehouse, "duplicates.clicks", "user_key")) == 2


NAMED = COLUMNS + ", known_at timestamp, event_id bigint"


def kept(desk: Desk, warehouse: Warehouse) -> list[tuple]:
    """Of each event kept: the goods as the source names it, and the day it was read under."""
    goods = dict(warehouse.con.execute("select goods_key, goods_id from entities.goods").fetchall())
    return sorted((goods[key], read) for key, read in desk.lake_rows(warehouse, "events.clicks", "goods_key, read_ds"))


def test_of_events_that_share_an_event_id_the_one_known_first_is_kept(desk: Desk, warehouse: Warehouse) -> None:
    rows = [(1, 10, 5, "click", DAY, NOON, 7), (1, 11, 5, "click", DAY, DAY, 7), (1, 12, 5, "click", DAY, DAY, 8)]

    counts = desk.ingest(warehouse, desk.source(rows, NAMED), "2025-03-01", "2025-03-01")

    assert (counts.rows_in, counts.rows, counts.duplicates) == (3, 2, 1)
    assert kept(desk, warehouse) == [(11, date(2025, 3, 1)), (12, date(2025, 3, 1))]


@pytest.mark.parametrize("days", [("2025-03-01", "2025-03-02"), ("2025-03-02", "2025-03-01"), ("all",)])
def test_an_event_delivered_again_on_another_day_is_kept_once_whatever_is_read_first(
    desk: Desk, warehouse: Warehouse, days: tuple[str, ...]
) -> None:
    later = datetime(2025, 3, 2, 9)
    rows = [(1, 10, 5, "click", NOON, NOON, 7), (1, 11, 5, "click", later, later, 7)]
    source = desk.source(rows, NAMED)

    for day in days:
        first, last = ("2025-03-01", "2025-03-02") if day == "all" else (day, day)
        desk.ingest(warehouse, source, first, last)

    assert kept(desk, warehouse) == [(10, date(2025, 3, 1))]
    ledger = warehouse.con.execute("select ds, rows_in, rows, duplicates from ops.intervals order by ds")
    assert ledger.fetchall() == [(date(2025, 3, 1), 1, 1, 0), (date(2025, 3, 2), 1, 0, 1)]


def test_a_duplicate_takes_its_place_when_the_first_delivery_is_withdrawn(desk: Desk, warehouse: Warehouse) -> None:
    later = datetime(2025, 3, 2, 9)
    again = (1, 11, 5, "click", later, later, 7)
    desk.ingest(warehouse, desk.source([(1, 10, 5, "click", NOON, NOON, 7), again], NAMED), "2025-03-01", "2025-03-02")

    desk.ingest(warehouse, desk.source([again], NAMED), "2025-03-01", "2025-03-01")

    assert kept(desk, warehouse) == [(11, date(2025, 3, 2))]
    assert desk.lake_rows(warehouse, "duplicates.clicks", "event_no") == []


def test_an_event_without_an_event_id_is_no_duplicate_of_another(desk: Desk, warehouse: Warehouse) -> None:
    rows = [(1, 10, 5, "click", NOON, NOON, None)] * 2 + [(1, 10, 5, "click", NOON, NOON, 7)] * 2

    counts = desk.ingest(warehouse, desk.source(rows, NAMED), "2025-03-01", "2025-03-01")

    assert (counts.rows, counts.duplicates) == (3, 1)


def test_a_source_read_by_the_day_it_knows_brings_late_events_to_the_night_that_can_see_them(
    desk: Desk, warehouse: Warehouse
) -> None:
    query = (
        "-- days by known_at\nselect * from read_parquet($path) where known_at >= $day_start and known_at < $day_end"
    )
    known = datetime(2025, 3, 4, 8)
    rows = [(1, 10, 5, "click", NOON, NOON, 1), (1, 11, 5, "click", NOON, known, 2)]
    source = desk.source(rows, NAMED, query)

    for day in ("2025-03-01", "2025-03-04"):
        desk.ingest(warehouse, source, day, day)

    found = desk.lake_rows(warehouse, "events.clicks", "goods_key, event_ds, read_ds, seen_ds")
    assert found == [
        (1, date(2025, 3, 1), date(2025, 3, 1), date(2025, 3, 1)),
        (2, date(2025, 3, 1), date(2025, 3, 4), date(2025, 3, 4)),
    ]


def test_an_event_known_exactly_at_the_end_of_a_day_is_seen_by_that_night(desk: Desk, warehouse: Warehouse) -> None:
    midnight = datetime(2025, 3, 2)
    rows = [
        (1, 10, 5, "click", NOON, midnight, 1),
        (1, 11, 5, "click", NOON, midnight + timedelta(microseconds=1), 2),
    ]

    desk.ingest(warehouse, desk.source(rows, NAMED), "2025-03-01", "2025-03-02")

    found = desk.lake_rows(warehouse, "events.clicks", "goods_key, seen_ds")
    assert found == [(1, date(2025, 3, 1)), (2, date(2025, 3, 2))]


def test_where_knowledge_does_not_count_an_event_is_seen_when_it_happened(desk: Desk, warehouse: Warehouse) -> None:
    late = replace(desk, ingestion=IngestConfig(use_known_at=False))
    rows = [(1, 10, 5, "click", NOON, datetime(2025, 3, 4), 1)]

    late.ingest(warehouse, desk.source(rows, NAMED), "2025-03-01", "2025-03-02")

    assert desk.lake_rows(warehouse, "events.clicks", "seen_ds, known_at") == [(date(2025, 3, 1), None)]


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kolkata"])
def test_every_moment_falls_on_the_day_whose_midnights_are_around_it(desk_with: Callable[..., Desk], zone: str) -> None:
    desk = desk_with(timezone=zone)
    around = (date(2011, 12, 27), date(2012, 2, 24), date(2012, 3, 23), date(2012, 10, 18), date(2012, 10, 26))
    days = [day + timedelta(days=n) for day in around for n in range(7)]
    edges = [desk.store.day_start(day) for day in days]
    moments = [edge + timedelta(microseconds=shift) for edge in edges for shift in (-1, 0, 1)]
    source = desk.source([(1, n, 5, "click", moment) for n, moment in enumerate(moments)])

    with desk.open() as warehouse:
        desk.ingest(warehouse, source, "2011-12-01", "2013-12-01")
        found = desk.lake_rows(warehouse, "events.clicks", "event_ts, event_ds")

    assert len(found) == len(moments)
    assert [row for row in found if not desk.store.day_start(row[1]) <= row[0] < desk.store.day_end(row[1])] == []


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
        "  user_id is DOUBLE, expected an integer or text; "
        "ids that were floats have lost digits: read the column as BIGINT or VARCHAR in the first place",
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

    monkeypatch.setattr("features.store.lake.write", fail)
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


@pytest.mark.parametrize("end", [";", " -- the end", ";\n-- the end\n"])
def test_a_query_may_end_in_a_semicolon_or_a_comment(desk: Desk, warehouse: Warehouse, end: str) -> None:
    source = desk.source([(1, 10, 5, "click", NOON)], query=QUERY.rstrip() + end)

    assert desk.ingest(warehouse, source, "2025-03-01", "2025-03-01").rows == 1


def test_a_column_given_twice_is_refused(desk: Desk, warehouse: Warehouse) -> None:
    source = desk.source([(1, 10, 5, "click", NOON)], query="select *, 2 as USER_ID from read_parquet($path)")

    with pytest.raises(FeatureError, match="source clicks: the query gives user_id twice"):
        desk.ingest(warehouse, source, "2025-03-01", "2025-03-01")


def test_columns_may_be_named_in_capitals(desk: Desk, warehouse: Warehouse) -> None:
    source = desk.source([(1, 10, 5, "click", NOON)], COLUMNS.replace("user_id", "USER_ID"))

    assert desk.ingest(warehouse, source, "2025-03-01", "2025-03-01").rows == 1


def test_a_column_without_values_takes_the_type_the_store_has(desk: Desk, warehouse: Warehouse) -> None:
    texts = COLUMNS.replace("shop_id bigint", "shop_id varchar")
    desk.ingest(warehouse, desk.source([(1, 10, "corner", "click", NOON)], texts), "2025-03-01", "2025-03-01")
    query = "select * replace (null as shop_id) from read_parquet($path)"
    other = desk.source([(1, 10, 5, "click", NOON)], query=query, name="other")

    desk.ingest(warehouse, other, "2025-03-01", "2025-03-01")

    assert desk.lake_rows(warehouse, "events.other", "user_key, goods_key, shop_key") == [(1, 1, 0)]


def test_a_catalogue_with_ids_of_another_type_is_refused(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source([(1, 10, 5, "click", NOON)]), "2025-03-01", "2025-03-01")
    (desk.folder / "catalogue.sql").write_text("select 'B00X' as goods_id, 'milk' as name")

    with pytest.raises(FeatureError, match="goods_id is VARCHAR here and BIGINT in what the store already holds"):
        features.ingest_goods(warehouse, features.find_source(str(desk.folder / "catalogue.sql"), "goods", None))


def test_a_name_of_a_source_cannot_become_another_kind_of_source(desk: Desk, warehouse: Warehouse) -> None:
    source = desk.source([(1, 10, 5, "click", NOON)])
    desk.ingest(warehouse, source, "2025-03-01", "2025-03-01")

    with pytest.raises(FeatureError, match="clicks: this store knows it as a source of events"):
        features.ingest_goods(warehouse, replace(source, kind="goods", query="select 10 as goods_id"))


def test_a_store_keeps_the_time_zone_it_began_with(desk: Desk) -> None:
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source([(1, 10, 5, "click", NOON)]), "2025-03-01", "2025-03-01")

    moved = replace(desk, config=replace(desk.config, timezone="Europe/Berlin"))
    with (
        pytest.raises(FeatureError, match=r"its days are cut in UTC, and store\.timezone is Europe/Berlin"),
        moved.open(),
    ):
        pass


def test_refused_rows_of_other_days_are_not_counted(desk: Desk, warehouse: Warehouse) -> None:
    rows = [(1, 10, 5, "click", NOON), (None, 10, 5, "click", datetime(2025, 3, 5)), (2, 10, 5, "click", None)]
    source = desk.source(rows, query="from read_parquet($path)")

    for _ in range(2):
        counts = desk.ingest(warehouse, source, "2025-03-01", "2025-03-02")
        assert (counts.rows_in, counts.rows, counts.quarantined) == (2, 1, 1)


@pytest.mark.parametrize(
    ("write", "read"),
    [
        ("copy given to '{}.csv'", "read_csv($path)"),
        ("copy given to '{}.json'", "read_json($path)"),
        ("copy given to '{}.parquet'", "read_parquet($path)"),
        ("copy given to '{}/part' (format parquet, per_thread_output)", "read_parquet($path || '/part/*.parquet')"),
        ("attach '{}.duckdb' as made; create table made.given as from given; detach made", "read_duckdb($path)"),
    ],
    ids=["csv", "json", "parquet", "folder", "duckdb"],
)
def test_a_source_may_be_any_of_these(desk: Desk, warehouse: Warehouse, write: str, read: str) -> None:
    large, name = 2**62 + 1, "杯子"
    target = desk.folder / "it is 'there'"
    target.mkdir()
    con = duckdb.connect()
    con.execute(f"create table given ({COLUMNS.replace('goods_id bigint', 'goods_id varchar')})")
    con.execute("insert into given values (?, ?, 5, 'click', ?)", [large, name, NOON])
    con.execute(
        write.format(str(target / "rows").replace("'", "''").removesuffix("/rows" if "{}/part" in write else ""))
    )
    made = list(target.iterdir()) if "{}/part" not in write else [target]
    (desk.folder / "things.sql").write_text(f"from {read}")

    source = features.find_source(str(desk.folder / "things.sql"), "events", str(made[0]))
    counts = desk.ingest(warehouse, source, "2025-03-01", "2025-03-01")

    assert counts.rows == 1
    assert warehouse.con.execute("select user_id from entities.users").fetchall() == [(large,)]
    assert warehouse.con.execute("select goods_id from entities.goods").fetchall() == [(name,)]


KNOWN_ONCE = """
-- days by known_at
select *
from read_parquet($path)
where
    known_at >= $day_start
    and known_at < $day_end
qualify row_number() over (partition by event_id order by known_at) = 1
"""


@pytest.mark.parametrize("at_once", [1, 1000])
def test_a_query_that_gives_other_rows_for_more_days_gives_each_event_once(
    desk: Desk, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("features.ingest.ingest_events.ROWS_PER_BATCH", at_once)
    rows = [(1, 10, 5, "buy", datetime(2025, 3, 1, 8), datetime(2025, 3, day, 9), 7) for day in (1, 3)]
    columns = COLUMNS + ", known_at timestamp, event_id bigint"

    desk.ingest(warehouse, desk.source(rows, columns, KNOWN_ONCE), "2025-03-01", "2025-03-04")

    assert desk.lake_rows(warehouse, "events.clicks", "event_ts") == [(datetime(2025, 3, 1, 8),)]


@pytest.mark.parametrize("at_once", [1, 1000])
def test_rows_without_a_day_and_of_strange_days_are_set_aside_whatever_the_portions(
    desk: Desk, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("features.ingest.ingest_events.ROWS_PER_BATCH", at_once)
    good = [(1, 10, 5, "buy", datetime(2025, 3, day, 8)) for day in (1, 2, 3)]
    strange = [(1, 10, 5, "buy", moment) for moment in (None, "20000-01-01", "infinity", "-infinity")]

    found = desk.ingest(
        warehouse, desk.source([*good, *strange], query="from read_parquet($path)"), "2025-03-01", "2025-03-03"
    )

    assert (found.rows_in, found.rows, found.quarantined) == (7, 3, 4)
    assert [file.rows for file in warehouse.files("quarantine.clicks", date(1970, 1, 1), date(1970, 1, 1))] == [4]


def test_a_source_is_not_taken_for_another_with_a_name_alike(desk: Desk, warehouse: Warehouse) -> None:
    for name, goods in (("web-1", 10), ("web_1", 11)):
        source = desk.source([(1, goods, 5, "buy", datetime(2025, 3, 1, 8))], name=name)
        desk.ingest(warehouse, source, "2025-03-01", "2025-03-01")

    assert [file.rows for file in warehouse.files("events.web_1", date(2025, 3, 1), date(2025, 3, 1))] == [1]
    assert [file.rows for file in warehouse.files("events.%", date(2025, 3, 1), date(2025, 3, 1))] == [1, 1]


def test_on_a_sunday_the_histories_of_all_stand_in_the_order_of_each_bucket(tmp_path: Path) -> None:
    desk = Desk(tmp_path, StoreConfig(buckets=2, threads=2))
    moment = datetime(2025, 3, 9, 8)
    touched = [(user, goods) for user in (1, 2) for goods in (10, 12, 11)]
    rows = [(user, goods, 5, "buy", moment, number) for number, (user, goods) in enumerate(touched)]
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source(rows, COLUMNS + ", event_id bigint"), "2025-03-09", "2025-03-09")
        features.build_histories(warehouse, date(2025, 3, 9))
        goods = dict(warehouse.con.execute("select goods_key, goods_id from entities.goods").fetchall())
        histories = features.load_histories(warehouse, date(2025, 3, 9))

    assert [goods[key] for key in histories.goods_keys] == [10, 12, 11, 10, 12, 11]


def test_a_first_read_that_failed_leaves_a_store_without_events(desk: Desk, warehouse: Warehouse) -> None:
    bad = desk.source(
        [(1, 10, 5, "buy", datetime(2025, 3, 1, 8))], query="select *, error('no') as weight from read_parquet($path)"
    )
    with pytest.raises(FeatureError):
        desk.ingest(warehouse, bad, "2025-03-01", "2025-03-01")
    goods = replace(desk.source([(10,)], "goods_id bigint", "from read_parquet($path)", "goods"), kind="goods")

    with pytest.raises(FeatureError, match="ingest events first"):
        features.ingest_goods(warehouse, goods)


@pytest.mark.parametrize("columns", [COLUMNS, f"{COLUMNS}, event_id varchar"], ids=["unnamed", "named"])
def test_a_damaged_file_of_events_is_made_anew_when_the_source_is_read_again(
    columns: str, desk: Desk, warehouse: Warehouse
) -> None:
    rows = [(1, 10, 100, "buy", "2025-03-01 10:00:00", "a"), (2, 20, 100, "buy", "2025-03-02 10:00:00", "b")]
    source = desk.source([row[: columns.count(",") + 1] for row in rows], columns)
    desk.ingest(warehouse, source, "2025-03-01", "2025-03-02")
    whole = desk.lake_rows(warehouse, "events.clicks", "user_key, goods_key, event_ts")
    for file in warehouse.files("events.clicks", date(2025, 3, 1), date(2025, 3, 2)):
        (desk.store.lake / file.path).write_bytes(b"damaged")

    desk.ingest(warehouse, source, "2025-03-01", "2025-03-02")

    assert desk.lake_rows(warehouse, "events.clicks", "user_key, goods_key, event_ts") == whole
