"""Data days where clocks change near midnight."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from features import Store, StoreConfig

# Days at whose midnight clocks skip to 01:00, days that have it twice, and days before such a one.
CHANGES = [
    ("Africa/Cairo", date(2026, 4, 24), 23),
    ("Africa/Cairo", date(2026, 10, 29), 25),
    ("America/Havana", date(2026, 3, 8), 23),
    ("America/Havana", date(2026, 11, 1), 25),
    ("Asia/Beirut", date(2026, 3, 29), 23),
    ("America/Asuncion", date(2023, 10, 1), 23),
    ("America/Santiago", date(2026, 9, 6), 23),
    ("America/Santiago", date(2026, 4, 4), 25),
    ("Atlantic/Azores", date(2026, 3, 29), 23),
    ("Atlantic/Azores", date(2026, 10, 25), 25),
    ("Europe/London", date(2026, 3, 29), 23),
    ("America/St_Johns", date(2006, 10, 28), 24),
    ("Pacific/Apia", date(2011, 12, 29), 24),
]


def store_in(zone: str) -> Store:
    return Store(Path("x"), StoreConfig(timezone=zone))


@pytest.mark.parametrize(("zone", "ds", "hours"), CHANGES)
def test_each_moment_is_of_the_one_day_that_holds_it(zone: str, ds: date, hours: int) -> None:
    store, second = store_in(zone), timedelta(seconds=1)
    starts, ends = store.day_start(ds), store.day_end(ds)

    assert ends - starts == timedelta(hours=hours)
    assert store.day_of(starts) == ds
    assert store.day_of(ends - second) == ds
    assert store.day_of(starts - second) == ds - timedelta(days=1)
    assert store.newest_day_over((ends - second).replace(tzinfo=UTC)) == ds - timedelta(days=1)
    assert store.newest_day_over(ends.replace(tzinfo=UTC)) >= ds
    minutes = [starts + timedelta(minutes=n) for n in range(0, hours * 60, 7)]
    assert {store.day_of(moment) for moment in minutes} == {ds}


@pytest.mark.parametrize(
    ("zone", "due", "day"),
    [
        ("Africa/Cairo", "2026-04-23T23:30:00+02:00", "2026-04-23"),  # 00:30 of the 24th, as Prefect 3.8 has it
        ("Africa/Cairo", "2026-04-24T01:30:00+03:00", "2026-04-23"),
        ("Africa/Cairo", "2026-04-22T23:30:00+02:00", "2026-04-21"),
        ("Africa/Cairo", "2026-04-23T22:59:00+02:00", "2026-04-22"),
        ("America/Havana", "2026-03-07T23:30:00-05:00", "2026-03-07"),
        ("America/Havana", "2026-11-01T00:30:00-04:00", "2026-10-31"),  # 00:30 comes twice
        ("America/Havana", "2026-11-01T00:30:00-05:00", "2026-10-31"),
        ("Atlantic/Azores", "2026-03-28T23:30:00-01:00", "2026-03-28"),
        ("America/Santiago", "2026-09-05T23:30:00-04:00", "2026-09-05"),
        ("Europe/London", "2026-03-29T02:30:00+01:00", "2026-03-28"),
        ("Pacific/Apia", "2011-12-29T01:30:00-10:00", "2011-12-28"),
    ],
)
def test_a_scheduled_run_is_for_the_day_that_is_over_or_ends_in_the_skipped_hour(zone: str, due: str, day: str) -> None:
    assert str(store_in(zone).day_due(datetime.fromisoformat(due).astimezone(ZoneInfo(zone)))) == day
