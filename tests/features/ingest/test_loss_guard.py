"""Which days a read replaces, and which keep their rows because the source returned too few."""

from datetime import date, datetime
from pathlib import Path

import pytest

import features
from features import FeatureError, Warehouse
from features.ingest.held_back_days import HeldBack, accept_command, held_back_warnings
from tests.conftest import COLUMNS, NOW, QUERY, Desk

FIRST, SECOND, THIRD = (date(2025, 3, day) for day in (1, 2, 3))
NAMED = COLUMNS + ", event_id bigint"
WHOLE = ("1990-01-01", "2025-12-31")


def rows(counts: dict[date, int], bad: dict[date, int] | None = None) -> list[tuple]:
    """So many good rows of each day, and rows without a user."""
    good = [(n + 1, 10, 5, "buy", datetime(ds.year, ds.month, ds.day, 9)) for ds in counts for n in range(counts[ds])]
    return good + [
        (None, 10, 5, "buy", datetime(ds.year, ds.month, ds.day, 9)) for ds in bad or {} for _ in range((bad or {})[ds])
    ]


def held(warehouse: Warehouse, asset: str = "events.clicks") -> dict[date, int]:
    query = "select ds, rows from ops.intervals where asset = ? and rows > 0 order by ds"
    return dict(warehouse.con.execute(query, [asset]).fetchall())


def noted(warehouse: Warehouse) -> list[tuple]:
    return warehouse.con.execute(
        "select asset, ds, rows_held, rows_returned from ops.days_held_back order by all"
    ).fetchall()


@pytest.mark.parametrize(
    ("before", "returned", "kept"),
    [
        (40, 20, 20),  # exactly half
        (40, 19, 40),
        (41, 20, 41),
        (41, 21, 21),
        (20, 9, 20),
        (20, 10, 10),
        (19, 1, 1),  # a day of few rows may shrink to one
        (19, 0, 19),
        (1, 0, 1),
    ],
)
def test_a_day_is_replaced_if_half_of_its_rows_come_back(
    desk: Desk, warehouse: Warehouse, before: int, returned: int, kept: int
) -> None:
    desk.ingest(warehouse, desk.source(rows({FIRST: before, SECOND: 3})), *WHOLE)

    found = desk.ingest(warehouse, desk.source(rows({FIRST: returned, SECOND: 3})), *WHOLE)

    held_back = [HeldBack(FIRST, before, returned)] if kept == before else []
    assert (held(warehouse), found.held_back) == ({FIRST: kept, SECOND: 3}, held_back)
    assert noted(warehouse) == [("events.clicks", day.ds, day.rows_held, day.rows_returned) for day in held_back]


def test_refused_rows_do_not_count_as_returned_and_leave_the_day_as_it_was(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source(rows({FIRST: 30, SECOND: 30})), *WHOLE)

    found = desk.ingest(warehouse, desk.source(rows({SECOND: 30}, bad={FIRST: 30})), *WHOLE)

    assert (held(warehouse), found.held_back) == ({FIRST: 30, SECOND: 30}, [HeldBack(FIRST, 30, 0)])
    reasons = warehouse.con.execute("select ds, reason, rows from ops.refused_rows").fetchall()
    assert reasons == [(FIRST, "user_id is missing", 30)]


def test_duplicates_count_as_rows_that_the_store_holds(desk: Desk, warehouse: Warehouse) -> None:
    again = [(1, 10, 5, "buy", datetime(2025, 3, 1, 9), 7)] * 40
    desk.ingest(warehouse, desk.source(again, NAMED), *WHOLE)

    found = desk.ingest(warehouse, desk.source(again[:19], NAMED), *WHOLE)

    assert found.held_back == [HeldBack(FIRST, 40, 19)]


def test_events_that_come_under_another_day_are_not_lost(desk: Desk, warehouse: Warehouse) -> None:
    def of_day(day: int, ids: range) -> list[tuple]:
        return [(n, 10, 5, "buy", datetime(2025, 3, day, 9), n) for n in ids]

    desk.ingest(warehouse, desk.source(of_day(1, range(1, 41)) + of_day(2, range(41, 81)), NAMED), *WHOLE)

    moved = desk.ingest(warehouse, desk.source(of_day(2, range(1, 81)), NAMED), *WHOLE)

    assert (held(warehouse), moved.held_back) == ({SECOND: 80}, [])

    lost = desk.ingest(warehouse, desk.source(of_day(3, range(1, 11)), NAMED), *WHOLE)

    assert (lost.held_back, sum(held(warehouse).values())) == ([HeldBack(SECOND, 80, 0)], 80)


def test_files_of_one_day_each_accumulate_without_a_warning(desk: Desk, warehouse: Warehouse) -> None:
    for day in (FIRST, SECOND, THIRD):
        source = desk.source(rows({day: 3}), query="from read_parquet($path)")
        path = Path(str(source.path)).rename(desk.folder / f"{day}.parquet")
        source = features.find_source(str(desk.folder / "clicks.sql"), "events", str(path))
        assert desk.ingest(warehouse, source, *WHOLE).held_back == []

    assert held(warehouse) == {FIRST: 3, SECOND: 3, THIRD: 3}


@pytest.mark.parametrize("at_once", [1, 1000])
def test_an_empty_export_keeps_every_day_and_says_so(
    desk: Desk, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("features.ingest.ingest_events.ROWS_PER_BATCH", at_once)
    desk.ingest(warehouse, desk.source(rows({FIRST: 3, SECOND: 40})), *WHOLE)

    found = desk.ingest(warehouse, desk.source([]), *WHOLE)

    assert (held(warehouse), found.rows_in) == ({FIRST: 3, SECOND: 40}, 0)
    assert found.held_back == [HeldBack(FIRST, 3, 0), HeldBack(SECOND, 40, 0)]


@pytest.mark.parametrize("at_once", [1, 1000])
def test_a_source_that_keeps_its_newest_days_alone_loses_none_when_days_are_read_again(
    desk: Desk, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("features.ingest.ingest_events.ROWS_PER_BATCH", at_once)
    desk.ingest(warehouse, desk.source(rows({FIRST: 30, SECOND: 30})), *WHOLE)

    found = desk.ingest(warehouse, desk.source(rows({SECOND: 30, THIRD: 30})), "2025-03-01", "2025-03-03")

    assert (held(warehouse), found.held_back) == ({FIRST: 30, SECOND: 30, THIRD: 30}, [HeldBack(FIRST, 30, 0)])


def test_a_source_by_the_day_it_knows_is_judged_by_that_day(desk: Desk, warehouse: Warehouse) -> None:
    columns, query = COLUMNS + ", known_at timestamp", "-- days by known_at\nfrom read_parquet($path)"
    late = [(n, 10, 5, "buy", datetime(2025, 3, 1, 9), datetime(2025, 3, 2 + n % 2, 9)) for n in range(60)]
    desk.ingest(warehouse, desk.source(late, columns, query), *WHOLE)

    found = desk.ingest(warehouse, desk.source(late[::2], columns, query), *WHOLE)

    assert (held(warehouse), found.held_back) == ({SECOND: 30, THIRD: 30}, [HeldBack(THIRD, 30, 0)])


def test_an_accepted_loss_is_replaced_and_no_longer_noted(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source(rows({FIRST: 30, SECOND: 30, THIRD: 30})), *WHOLE)
    short = desk.source(rows({FIRST: 2, THIRD: 30}))
    desk.ingest(warehouse, short, *WHOLE)

    found = features.ingest_events(warehouse, short, FIRST, THIRD, desk.ingestion, {FIRST, SECOND})

    assert (held(warehouse), found.held_back, noted(warehouse)) == ({FIRST: 2, THIRD: 30}, [], [])


def test_a_day_is_no_longer_noted_once_the_source_gives_its_rows_again(desk: Desk, warehouse: Warehouse) -> None:
    whole, short = rows({FIRST: 30, SECOND: 30}), rows({FIRST: 2, SECOND: 30})
    desk.ingest(warehouse, desk.source(whole), *WHOLE)
    desk.ingest(warehouse, desk.source(short), *WHOLE)
    assert noted(warehouse) == [("events.clicks", FIRST, 30, 2)]

    desk.ingest(warehouse, desk.source(whole), *WHOLE)

    assert noted(warehouse) == []


def test_impressions_follow_the_same_rule(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source(rows({FIRST: 3})), *WHOLE)

    def shown(counts: dict[date, int]) -> features.Source:
        given = [(1, 10, True, datetime(ds.year, ds.month, ds.day, 9)) for ds in counts for _ in range(counts[ds])]
        columns = "user_id bigint, goods_id bigint, label boolean, event_ts timestamp"
        source = desk.source(given, columns, QUERY, "shown")
        return features.Source("shown", "impressions", source.query, source.path)

    features.ingest_impressions(warehouse, shown({FIRST: 40, SECOND: 40}), FIRST, THIRD, desk.ingestion)
    found = features.ingest_impressions(warehouse, shown({FIRST: 19, SECOND: 20}), FIRST, THIRD, desk.ingestion)

    assert held(warehouse, "impressions.shown") == {FIRST: 40, SECOND: 20}
    assert found.held_back == [HeldBack(FIRST, 40, 19)]
    assert (
        accept_command("impressions.shown", [FIRST])
        == "nightrank ingest shown --as impressions --replace-days 2025-03-01"
    )


def test_rows_that_all_turn_bad_name_the_three_most_frequent_reasons(desk: Desk, warehouse: Warehouse) -> None:
    noon = datetime(2025, 3, 1, 12)
    bad = [(None, 10, 5, "buy", noon)] * 4 + [(7, None, None, "buy", noon)] * 3 + [(8, 10, 5, "buy", None)] * 2
    bad += [(9, 10, 5, "buy", datetime(1800, 1, 1))]

    found = desk.ingest(warehouse, desk.source(bad, query="from read_parquet($path)"), *WHOLE)

    assert [(one.reason, one.rows, one.example) for one in found.refusals] == [
        ("user_id is missing", 4, "goods_id=10, shop_id=5, event_type=buy, event_ts=2025-03-01 12:00:00"),
        ("neither goods_id nor shop_id", 3, "user_id=7, event_type=buy, event_ts=2025-03-01 12:00:00"),
        ("event_ts is missing", 2, "user_id=8, goods_id=10, shop_id=5, event_type=buy"),
    ]


def test_days_of_which_every_row_was_refused_are_read_again_by_the_next_night(desk: Desk, warehouse: Warehouse) -> None:
    source = desk.source(rows({FIRST: 3}, bad={SECOND: 3}))
    desk.ingest(warehouse, source, *WHOLE)

    assert features.last_day_read(warehouse, source) == FIRST


def test_nights_warn_of_days_held_back_for_a_week(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source(rows({FIRST: 30, SECOND: 30, THIRD: 30})), *WHOLE)
    desk.ingest(warehouse, desk.source(rows({SECOND: 30})), *WHOLE)

    assert held_back_warnings(warehouse, SECOND) == [
        "source clicks returned too few events of 1 day(s), which stay as they are. 2025-03-01: 30 rows held, "
        "0 returned. To replace them all the same: nightrank ingest clicks --replace-days 2025-03-01 "
        f"--store {desk.store.root}"
    ]
    warehouse.con.execute("update ops.days_held_back set seen_at = ?::timestamp - interval 7 days", [NOW])
    assert held_back_warnings(warehouse, THIRD) == []


def test_a_failed_read_holds_nothing_back(desk: Desk, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.ingest(warehouse, desk.source(rows({FIRST: 30})), *WHOLE)

    def fail(*_: object, **__: object) -> None:
        raise FeatureError("stopped")

    monkeypatch.setattr("features.ingest.ingest_events.replace_events", fail)
    with pytest.raises(FeatureError, match="stopped"):
        desk.ingest(warehouse, desk.source(rows({FIRST: 1, SECOND: 30})), *WHOLE)

    assert (held(warehouse), noted(warehouse)) == ({FIRST: 30}, [])
