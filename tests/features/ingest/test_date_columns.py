"""Dates in place of times: a DATE is a day of the store's time zone; and times in nanoseconds."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import features
from features import FeatureError, Warehouse
from features.ingest.columns.date_columns import asked_of_dates, nanosecond_remedy
from tests.conftest import Desk, Said, write_events
from tests.features.ingest.reading_sources import ROWS, kept, refusal

ZONES = ["UTC", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"]
COLUMNS = "user_id bigint, goods_id bigint, shop_id bigint, event_type varchar, event_ts date"
BY_DAY = "select * from read_parquet($path) where event_ts >= $day_start and event_ts < $day_end"
BY_KNOWN = """-- days by known_at
select * from read_parquet($path) where known_at >= $day_start and known_at < $day_end"""
EVER = (date(1990, 1, 1), date(2099, 12, 31))


def days(desk: Desk, columns: str = "event_ds, read_ds, seen_ds") -> list[tuple]:
    with desk.open() as warehouse:
        return sorted(desk.lake_rows(warehouse, "events.clicks", columns))


def ingest(desk: Desk, rows: list[tuple], columns: str, query: str, *reads: str) -> None:
    """Reads some days, each for itself."""
    with desk.open() as warehouse:
        for day in reads:
            desk.ingest(warehouse, desk.source(rows, columns, query), day, day)


@pytest.mark.parametrize("zone", ZONES)
def test_a_date_is_that_day_in_every_zone_and_is_read_with_it(desk_with: Callable[..., Desk], zone: str) -> None:
    desk = desk_with(timezone=zone)
    rows = [(1, 10 + day, 5, "buy", date(2025, 3, day)) for day in (1, 2, 3)]

    ingest(desk, rows, COLUMNS, BY_DAY, "2025-03-01", "2025-03-02", "2025-03-03")

    assert days(desk) == [(date(2025, 3, day),) * 3 for day in (1, 2, 3)]
    assert days(desk, "event_ts") == [(desk.store.day_start(date(2025, 3, day)),) for day in (1, 2, 3)]


def test_a_source_of_dates_that_is_read_again_is_unchanged(desk_with: Callable[..., Desk]) -> None:
    desk = desk_with(timezone="America/New_York")
    rows = [(1, 10 + day, 5, "buy", date(2025, 3, day), date(2025, 3, day)) for day in (1, 2, 3)]
    source = desk.source(rows, f"{COLUMNS}, known_at date", "select * from read_parquet($path)")

    with desk.open() as warehouse:
        unchanged = [desk.ingest(warehouse, source, "2025-03-01", "2025-03-03").unchanged for _ in range(2)]

    assert unchanged == [0, 3]


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4)),
        ("America/Havana", date(2024, 11, 3)),
        ("Africa/Cairo", date(2024, 4, 26)),
    ],
)
def test_a_day_whose_midnight_is_missing_or_comes_twice_begins_with_its_first_moment(
    desk_with: Callable[..., Desk], zone: str, day: date
) -> None:
    desk = desk_with(timezone=zone)
    before = day - timedelta(days=1)
    rows = [(1, 10, 5, "buy", day, day), (1, 11, 5, "buy", before, before)]

    ingest(desk, rows, f"{COLUMNS}, known_at date", BY_DAY, str(before), str(day))

    begins, ends = desk.store.day_start(day), desk.store.day_end(day)
    assert days(desk, "event_ts, known_at, seen_ds") == [
        (desk.store.day_start(before), begins, before),
        (begins, ends, day),
    ]


@pytest.mark.parametrize("zone", ZONES)
def test_what_is_known_by_a_date_is_known_when_that_day_is_over(desk_with: Callable[..., Desk], zone: str) -> None:
    desk = desk_with(timezone=zone)
    columns = COLUMNS.replace("event_ts date", "event_ts timestamp, known_at date")
    noon = desk.store.day_start(date(2025, 3, 1)) + timedelta(hours=12)
    rows = [(1, 10, 5, "buy", noon, date(2025, 3, 1)), (1, 11, 5, "buy", noon, date(2025, 3, 3))]

    ingest(desk, rows, columns, BY_KNOWN, "2025-03-01", "2025-03-02", "2025-03-03")

    of, late = date(2025, 3, 1), date(2025, 3, 3)
    assert days(desk, "event_ds, read_ds, seen_ds, known_at") == [
        (of, of, of, desk.store.day_end(of)),
        (of, late, late, desk.store.day_end(late)),
    ]


def test_what_is_known_by_a_date_before_it_happened_is_quarantined(desk: Desk) -> None:
    columns = COLUMNS.replace("event_ts date", "event_ts timestamp, known_at date")
    rows = [
        (1, 10, 5, "buy", datetime(2025, 3, 2), date(2025, 3, 1)),
        (1, 11, 5, "buy", datetime(2025, 3, 1, 23, 59, 59, 999999), date(2025, 3, 1)),
    ]
    with desk.open() as warehouse:
        source = desk.source(rows, columns, "select * from read_parquet($path)")
        counts = desk.ingest(warehouse, source, "2025-03-01", "2025-03-03")
        refused = desk.lake_rows(warehouse, "quarantine.clicks", "goods_id, refused")

    assert (counts.rows, counts.quarantined, refused) == (1, 1, [(10, "event_ts after known_at")])


def test_where_knowledge_does_not_count_a_date_known_is_not_kept(desk_with: Callable[..., Desk]) -> None:
    desk = Desk(
        desk_with().folder, desk_with(timezone="America/New_York").config, features.IngestConfig(use_known_at=False)
    )
    day = date(2025, 3, 1)

    ingest(desk, [(1, 10, 5, "buy", day, day)], f"{COLUMNS}, known_at date", BY_DAY, str(day))

    assert days(desk, "event_ds, seen_ds, known_at") == [(day, day, None)]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "timestamp_s", "timestamp_ms", "timestamp_ns"])
def test_a_time_stays_the_utc_moment_that_it_is(desk_with: Callable[..., Desk], zone: str, kind: str) -> None:
    desk = desk_with(timezone=zone)
    query = f"select * replace (event_ts::timestamp::{kind} as event_ts) from read_parquet($path)"
    if kind == "timestamptz":
        query = "select * replace (timezone('UTC', event_ts) as event_ts) from read_parquet($path)"
    columns = COLUMNS.replace("event_ts date", "event_ts timestamp")

    ingest(desk, [(1, 10, 5, "buy", datetime(2025, 3, 2, 9))], columns, query, "2025-03-02")

    assert days(desk, "event_ts, event_ds") == [(datetime(2025, 3, 2, 9), date(2025, 3, 2))]


def test_a_query_that_makes_dates_of_utc_times_loses_no_row_to_its_filter(desk_with: Callable[..., Desk]) -> None:
    desk = desk_with(timezone="America/New_York")
    query = BY_DAY.replace("*", "* replace (event_ts::date as event_ts)", 1).replace(
        "where event_ts", "where read_parquet.event_ts"
    )
    columns = COLUMNS.replace("event_ts date", "event_ts timestamp")
    rows = [(1, hour, 5, "buy", datetime(2025, 3, 2, hour)) for hour in (0, 4, 5, 23)]

    ingest(desk, rows, columns, query, "2025-03-02")

    assert days(desk, "event_ds") == [(date(2025, 3, 2),)] * 4


def test_an_impression_of_a_date_is_of_that_day(desk_with: Callable[..., Desk]) -> None:
    desk = desk_with(timezone="America/New_York")
    day = date(2025, 3, 2)
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source([(1, 10, 5, "buy", day)], COLUMNS, BY_DAY), str(day), str(day))
        (desk.folder / "shown.sql").write_text(
            "select 1 as user_id, 10 as goods_id, date '2025-03-02' as event_ts, true as label"
            " where event_ts >= $day_start"
        )
        shown = features.find_source(str(desk.folder / "shown.sql"), "impressions", None)
        features.ingest_impressions(warehouse, shown, day, day, desk.ingestion)

        assert desk.lake_rows(warehouse, "impressions.shown", "event_ds, event_ts") == [
            (day, desk.store.day_start(day))
        ]


def test_the_days_asked_of_a_query_with_dates_hold_its_dates_and_its_utc_times() -> None:
    start, end = datetime(2025, 3, 2, 5), datetime(2025, 3, 3, 5)

    assert asked_of_dates(start, end, "America/New_York") == (datetime(2025, 3, 2), end)
    assert asked_of_dates(datetime(2025, 3, 1, 15), datetime(2025, 3, 2, 15), "Asia/Tokyo") == (
        datetime(2025, 3, 1, 15),
        datetime(2025, 3, 3),
    )


def test_the_names_of_days_in_texts_and_comments_of_a_query_stay(desk: Desk) -> None:
    query = """select * replace ('ü $day_start' as event_type) from read_parquet($path) -- $day_end
        where event_ts >= $day_start and event_ts < $day_end; -- ü"""

    ingest(desk, [(1, 10, 5, "buy", date(2025, 3, 2))], COLUMNS, query, "2025-03-02")

    with desk.open() as warehouse:
        assert warehouse.con.execute("select event_type from entities.event_types").fetchall() == [("ü $day_start",)]


def test_a_text_that_is_a_date_is_refused_with_both_ways_to_map_it(desk: Desk) -> None:
    columns = COLUMNS.replace("event_ts date", "event_ts varchar")
    source = desk.source([(1, 10, 5, "buy", "2025-03-02")], columns, "select * from read_parquet($path)")

    with desk.open() as warehouse, pytest.raises(FeatureError, match=r"cast\(event_ts as date\)` if it is a day"):
        desk.ingest(warehouse, source, "2025-03-02", "2025-03-02")


NS = "user_id bigint, goods_id bigint, shop_id bigint, event_type varchar, event_ts timestamp_ns"


@pytest.mark.parametrize(
    "bound",
    [
        "timestamp '9999-12-31'",
        "date '9999-12-31'",
        "'9999-12-31'",
        "'2262-12-31'",
        "'2299-01-01'",
        "coalesce(null, timestamp '9999-12-31')",
    ],
)
def test_a_nanosecond_column_with_a_bound_out_of_its_range_says_what_to_type_and_that_works(
    desk: Desk, warehouse: Warehouse, bound: str
) -> None:
    path = write_events(desk.folder / "clicks.parquet", ROWS, NS)
    query = f"select * from read_parquet($path) where event_ts >= $day_start and event_ts < {bound}"

    said = refusal(desk, warehouse, query, path)

    assert "compares a TIMESTAMP_NS with a time outside 1677-09-22 to 2262-04-11" in said
    [nearer, microseconds] = re.findall(r"such as (timestamp '.*?')|or `(make_timestamp\(.*?\))` in place", said)
    assert kept(desk, warehouse, query.replace(bound, nearer[0]), path) == 3
    cast = query.replace(f"event_ts < {bound}", f"{microseconds[1]} < {bound}")
    assert kept(desk, warehouse, cast, path) == 3


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_the_printed_remedy_reads_times_of_both_nanosecond_types(
    desk: Desk, warehouse: Warehouse, zone: str | None
) -> None:
    path = write_events(desk.folder / "clicks.parquet", ROWS)
    times = pa.array([row[-1] for row in ROWS], pa.timestamp("ns", zone))
    pq.write_table(pq.read_table(path).drop(["event_ts"]).append_column("event_ts", times), path)
    remedy = nanosecond_remedy("Could not convert Timestamp to higher precision")
    assert remedy is not None
    [microseconds] = re.findall(r"or `(make_timestamp\(.*\))` in place", remedy)

    query = f"select * from read_parquet($path) where {microseconds} < timestamp '9999-12-31'"

    assert kept(desk, warehouse, query, path) == 3


def test_a_date_that_is_compared_with_a_number_is_no_nanosecond(desk: Desk, warehouse: Warehouse) -> None:
    path = write_events(desk.folder / "clicks.parquet", ROWS)

    assert "TIMESTAMP_NS" not in refusal(
        desk, warehouse, "select * from read_parquet($path) where user_id >= '2025-03-01'", path
    )


def test_a_nanosecond_column_is_read_from_the_first_day_there_is(desk: Desk, nightrank: Callable[..., Said]) -> None:
    path = write_events(desk.folder / "clicks.parquet", ROWS, NS)
    query = "select * from read_parquet($path) where event_ts >= $day_start and event_ts < $day_end"
    (desk.folder / "clicks.sql").write_text(query)
    words = ("ingest", desk.folder / "clicks.sql", "--path", path, "--store", desk.folder / "store")

    said = nightrank(*words, "--first", "0001-01-01", "--last", "9999-12-31")

    assert (said.code, said.out) == (0, "clicks: 3 rows in, 3 kept, 0 duplicates, 0 quarantined, 3 days\n")
