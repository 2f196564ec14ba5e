"""Columns of dates -> moments: a DATE as event_ts is the first moment of that day in the store, as known_at its end."""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa

from features.store.store import day_begins

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2099, 12, 31)
SANE_DAYS = (LAST_DAY - FIRST_DAY).days + 1
AROUND = 2  # days more on both sides: a day of the store may begin on another date in UTC

BEYOND_NANOSECONDS = re.compile(
    r"Could not convert Timestamp(\(\w+\) to Timestamp\(NS\)| to higher precision)"
    r"|Type INT32 with value \S+-\d\d-\d\d can't be cast to the destination type INT64"
    r"|Could not convert string '(?!(167[89]|16[89]\d|1[7-9]\d\d|2[01]\d\d|22[0-5]\d|226[01])-)[^']*\d-\d\d-\d\d[^']*'"
    r" to INT64"
)


def nanosecond_remedy(error: str) -> str | None:
    """What to do where DuckDB compares a TIMESTAMP_NS with a moment that such a column cannot hold."""
    if not BEYOND_NANOSECONDS.search(error):
        return None
    return (
        "the query compares a TIMESTAMP_NS with a time outside 1677-09-22 to 2262-04-11, which it cannot hold: write a "
        "nearer bound, such as timestamp '2262-01-01', or `make_timestamp(epoch_ns(event_ts) // 1000)` in place of "
        "`event_ts`"
    )


def make_store_dates(con: duckdb.DuckDBPyConnection, timezone: str) -> None:
    """The table store_dates: for each date when the store's day begins, and when it ends."""
    con.register("store_dates_rows", store_dates(timezone))
    con.execute("create or replace temp table store_dates as from store_dates_rows")
    con.unregister("store_dates_rows")


@cache
def store_dates(timezone: str) -> pa.Table:
    """store_dates of a time zone, from 1990 to 2099: times outside are quarantined."""
    begins = days_begin(timezone)
    dates = np.datetime64(FIRST_DAY) + np.arange(-AROUND, SANE_DAYS + AROUND - 1)
    return pa.table({"store_date": dates, "day_begins": begins[:-1], "day_ends": begins[1:]})


@cache
def days_begin(timezone: str) -> np.ndarray:
    """When each day begins, from AROUND days before 1990 to AROUND days after 2099. datetime64[us]"""
    days = range(-AROUND, SANE_DAYS + AROUND)
    return np.array([day_begins(FIRST_DAY + timedelta(days=n), timezone) for n in days], "datetime64[us]")


def asked_of_dates(day_start: datetime, day_end: datetime, timezone: str) -> tuple[datetime, datetime]:
    """What $day_start and $day_end stand for in a query whose times are dates.

    The query may compare them with the dates or with UTC times: the span has the rows of both, and rows of other days
    are left out later.
    """
    first, after = (at.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).date() for at in (day_start, day_end))
    return min(day_start, datetime.combine(first, time())), max(day_end, datetime.combine(after, time()))
