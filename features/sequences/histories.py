"""Events -> histories: each user's events in the one total order, user by user, as far as a night can see them.

A weekly file for each bucket of users holds what was seen by then, sorted once; the nights after it read that file and
merge the days since. Which day has a file depends on the calendar alone, so the same night reads the same bytes however
the store came to be.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from features.errors import FeatureError
from features.ingest.catalogue import create_catalogue_view, with_catalogue_shops
from features.ingest.event_files import ALL_DAYS, ORDER
from features.ingest.ingest_events import event_days
from features.store import duckdb_connection, lake, sql_files
from features.store.fingerprints import SEEN, Fingerprint, fingerprint
from features.store.lake import LakeFile
from features.store.warehouse import Warehouse

CODE = 2  # raise it where a change here changes a file
SNAPSHOT_DAYS = 7  # days between two files: a night merges six days at the most
TIES = ("goods_key", "shop_key", "type_key")  # tell events of two sources apart that the order cannot
ORDERED = ("user_key", *TIES, *ORDER)
COLUMNS = (*ORDERED, "is_return")
SMALLEST = ("user_key", *TIES, "event_ts", "known_at")
EMPTY = {
    "user_key": pl.Int32,
    "goods_key": pl.Int32,
    "shop_key": pl.Int32,
    "type_key": pl.Int16,
    "event_ts": pl.Datetime("us"),
    "known_at": pl.Datetime("us"),
    "is_return": pl.Boolean,
}
HISTORY_TYPES = (
    "user_key integer, goods_key integer, shop_key integer, type_key smallint, event_ts timestamp, known_at timestamp,"
    " event_id varchar, event_no ubigint"
)
BASE_TYPES = f"{HISTORY_TYPES}, is_return boolean"
SINCE_TYPES = f"{HISTORY_TYPES}, weight double"
IS_RETURN = (pl.col("weight") <= 0).fill_null(value=False).alias("is_return")  # as transforms/histories has it


@dataclass(frozen=True)
class Histories:
    """The histories of the users of a bucket, or of all, end to end: N events.

    The events of a user are `[first[i], first[i] + count[i])`, where `i = user_key // stride`; int64 [users] each.
    `goods_keys`, `shop_keys` int32 [N], `type_keys` int16 [N]; `event_ts` and `known_at` int64 [N] in microseconds
    since 1970 UTC, `known_at` None where every event was known when it happened; `is_return` bool [N], None where it is
    not loaded or no event is a return.
    """

    stride: int
    user_keys: np.ndarray
    goods_keys: np.ndarray
    shop_keys: np.ndarray
    type_keys: np.ndarray
    event_ts: np.ndarray
    known_at: np.ndarray | None
    first: np.ndarray
    count: np.ndarray
    is_return: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.user_keys)


def weekly_snapshot_day(ds: date) -> date:
    """The last day up to `ds` whose histories have files: a Sunday."""
    return ds - timedelta(days=ds.toordinal() % SNAPSHOT_DAYS)


def build_histories(warehouse: Warehouse, ds: date) -> int:
    """Makes sure of the files that the night reads. Returns the number of events it sees.

    Raises FeatureError where there is none.
    """
    events = warehouse.files("events.%", ALL_DAYS[0], ds)
    if not events:
        days = event_days(warehouse)
        hint = f"the first day with events is {days[0]}" if days else "ingest a source first: nightrank ingest SOURCE"
        raise FeatureError(f"no events up to {ds}; {hint}")
    base, asset = weekly_snapshot_day(ds), "histories"
    fingerprint = histories_fingerprint(warehouse, base)
    if has_snapshot(warehouse, base) and not warehouse.is_current(asset, base, fingerprint):
        with warehouse.building(asset, base, fingerprint) as made:
            for bucket in range(warehouse.store.config.buckets):
                frame = merge_histories(
                    read_runs(warehouse, [file for file in events if file.ds <= base], COLUMNS, bucket)
                )
                made.files.append(lake.write(warehouse.store, frame, asset, base, bucket))
            made.rows = sum(file.rows for file in made.files)
    return sum(file.rows for file in events)


def has_snapshot(warehouse: Warehouse, base: date) -> bool:
    """Whether the weekly file of a Sunday holds anything."""
    days = event_days(warehouse)
    return days is not None and days[0] <= base


def histories_fingerprint(warehouse: Warehouse, ds: date) -> Fingerprint:
    """What the histories up to `ds` are made of: the events seen by then, and the number of buckets."""
    return fingerprint(events_seen(warehouse, ds) | partitioning(warehouse) | {"code": (CODE, SNAPSHOT_DAYS)})


def events_seen(warehouse: Warehouse, ds: date) -> dict[str, Any]:
    """The events that the night of `ds` can see, as parts: their files, by content, and how many rows they have."""
    [(rows, files)] = warehouse.run("ledger/events_seen", ds=ds)
    return {"events": files, SEEN: rows}


def partitioning(warehouse: Warehouse) -> dict[str, Any]:
    """How a store cuts time into days and users into buckets, as a part."""
    return {"settings.store": (warehouse.store.config.timezone, warehouse.store.config.buckets)}


def history_files(warehouse: Warehouse, ds: date) -> tuple[list[LakeFile], list[LakeFile]]:
    """The weekly files that a night reads, one a bucket, and the days of events since."""
    base = weekly_snapshot_day(ds)
    return warehouse.files("histories", base, base), warehouse.files("events.%", base + timedelta(days=1), ds)


def create_histories_view(warehouse: Warehouse, ds: date) -> None:
    """Names the events that the night can see as the relation `histories`, and defines the macros that read it and
    night_catalogue, which is as of that night."""
    con, store = warehouse.con, warehouse.store
    base, since = history_files(warehouse, ds)
    for view, files, columns in (("base_histories", base, BASE_TYPES), ("days_since", since, SINCE_TYPES)):
        duckdb_connection.create_files_view(con, view, [lake.verified_path(store, file) for file in files], columns)
    create_catalogue_view(warehouse, ds)
    sql_files.run(con, "transforms/histories")
    sql_files.run(con, "transforms/goods_known")


def load_histories(
    warehouse: Warehouse,
    ds: date,
    bucket: int | None = None,
    *,
    users: np.ndarray | None = None,
    only_since: bool = False,
    at_its_end: bool = False,
    with_returns: bool = False,
) -> Histories:
    """The histories that the night can see in memory: of one bucket of users or of all, or of these `users` of them.

    An event without a shop has the one that the catalogue gave its item that day; files keep events as they came.
    With `only_since`, of those alone who have events since the weekly file. With `at_its_end` they are meant to be cut
    at the night's end alone: all that it sees is known by then, and known_at is None. With `with_returns` they say
    which events are returns.
    """
    base, since = history_files(warehouse, ds)
    own = [file for file in base if bucket in (None, file.bucket)]
    smallest = (*(SMALLEST[:-1] if at_its_end else SMALLEST), *(("is_return",) if with_returns else ()))
    columns = (*dict.fromkeys((*ORDERED, *smallest)),) if since or len(own) > 1 else smallest
    wanted = None if users is None else pl.Series(users, dtype=pl.Int32)
    after = read_runs(warehouse, since, columns, bucket, wanted)
    if only_since and after:
        wanted = pl.concat(run["user_key"] for run in after).unique()
    before = read_runs(warehouse, own, columns, None, wanted) if wanted is not None or not only_since else []
    frame = merge_histories([*before, *after], smallest)
    found = as_histories(frame, 1 if bucket is None else warehouse.store.config.buckets)
    shop_keys = with_catalogue_shops(warehouse, found.goods_keys, found.shop_keys, found.event_ts)
    return replace(found, shop_keys=shop_keys)


def read_runs(
    warehouse: Warehouse,
    files: list[LakeFile],
    columns: tuple[str, ...],
    bucket: int | None,
    users: pl.Series | None = None,
) -> list[pl.DataFrame]:
    """The rows of each file, of one bucket of users, of some users, or of all; each file is sorted already."""

    def wanted(rows: pl.LazyFrame, is_base: bool) -> pl.LazyFrame:
        rows = rows.select(IS_RETURN if name == "is_return" and not is_base else name for name in columns)
        if bucket is not None:
            rows = rows.filter(pl.col("user_key") % warehouse.store.config.buckets == bucket)
        return rows if users is None else rows.filter(pl.col("user_key").is_in(users.implode()))

    return [lake.read(warehouse.store, file, partial(wanted, is_base=file.asset == "histories")) for file in files]


def merge_histories(runs: list[pl.DataFrame], columns: tuple[str, ...] = COLUMNS) -> pl.DataFrame:
    """Sorted runs as one, user by user in the one total order: these of the columns that the runs have.

    Runs mostly follow each other in time, so each user's part of each run is laid behind the last in one pass (a
    counting sort), and only the users for whom that breaks the order are sorted again: 20M events of 100 days in about
    half the time of a full sort (docs/experiments.md). Rows are moved once, when it is known where to.
    """
    frame = pl.concat(runs) if runs else pl.DataFrame(schema=EMPTY)
    wanted = frame.select([name for name in columns if name in frame.columns])
    if len(runs) < 2 or not len(frame):
        return wanted
    source = counting_sort_order([run["user_key"].to_numpy() for run in runs])
    user = frame["user_key"].to_numpy()[source]
    wrong = unsorted_mask(frame, source, user)
    return wanted[resort_users(frame, source, user, wrong) if wrong.any() else source]


def counting_sort_order(runs: list[np.ndarray]) -> np.ndarray:
    """Where each row of the result comes from, if every user's rows are taken run by run. uint32 [N]"""
    users = max(int(run[-1]) for run in runs if len(run)) + 1
    starts = [np.flatnonzero(np.r_[True, run[1:] != run[:-1]]) if len(run) else np.zeros(0, np.int64) for run in runs]
    counts = [np.diff(np.r_[start, len(run)]) for start, run in zip(starts, runs, strict=True)]
    total = np.zeros(users, np.int64)
    for run, start, count in zip(runs, starts, counts, strict=True):
        total[run[start]] += count
    cursor = np.cumsum(total) - total
    source = np.empty(int(total.sum()), np.uint32)
    done = 0
    for run, start, count in zip(runs, starts, counts, strict=True):
        own = run[start]
        place = np.repeat(cursor[own] - start, count) + np.arange(len(run))
        source[place] = np.arange(done, done + len(run), dtype=np.uint32)
        cursor[own] += count
        done += len(run)
    return source


def unsorted_mask(frame: pl.DataFrame, source: np.ndarray, user: np.ndarray) -> np.ndarray:
    """For each row but the last of `frame[source]`, whether the next one is of the same user and should come before
    it."""
    moment = frame["event_ts"].to_physical().to_numpy()[source]
    same = user[1:] == user[:-1]
    wrong = same & (moment[1:] < moment[:-1])
    tied = np.flatnonzero(same & (moment[1:] == moment[:-1]))
    if len(tied):
        wrong[tied] = breaks_tie(frame, source[tied], source[tied + 1])
    return wrong


def breaks_tie(frame: pl.DataFrame, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """For rows that tie with others in time, whether they come after them by what else orders them."""
    keys = [name for name in (*ORDER[1:], *TIES) if name in frame.columns and frame[name].null_count() < len(frame)]
    here, there = frame.select(keys)[rows], frame.select(keys)[others]
    after, decided = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    for name in keys:
        one, other = here[name], there[name]
        later = (one > other).fill_null(value=False) | (one.is_not_null() & other.is_null())
        after |= ~decided & later.to_numpy()
        decided |= one.ne_missing(other).to_numpy()
    return after


def resort_users(frame: pl.DataFrame, source: np.ndarray, user: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """`source` with the users who have a row that is `wrong` sorted. uint32 [N]"""
    theirs = np.zeros(int(user[-1]) + 1, bool)
    theirs[user[:-1][wrong]] = True
    places = np.flatnonzero(theirs[user])
    rows = source[places]
    keys = [name for name in ORDERED if name in frame.columns and name not in TIES]
    order = frame[rows].select(pl.arg_sort_by(*keys, *TIES, nulls_last=False, maintain_order=True)).to_series()
    source[places] = rows[order.to_numpy()]
    return source


def as_histories(frame: pl.DataFrame, stride: int) -> Histories:
    user_keys = frame["user_key"].to_numpy()
    first, count = ranges_of(user_keys, stride)
    known = frame.get_column("known_at", default=pl.Series(dtype=pl.Datetime("us")))
    late = known.null_count() < len(known)
    moment = frame["event_ts"].to_physical().to_numpy() if len(frame) else np.zeros(0, np.int64)
    return Histories(
        stride=stride,
        user_keys=user_keys,
        goods_keys=frame["goods_key"].to_numpy(),
        shop_keys=frame["shop_key"].to_numpy(),
        type_keys=frame["type_key"].to_numpy(),
        event_ts=moment,
        known_at=known.to_physical().fill_null(frame["event_ts"].to_physical()).to_numpy() if late else None,
        first=first,
        count=count,
        is_return=frame["is_return"].to_numpy() if "is_return" in frame.columns and frame["is_return"].any() else None,
    )


def ranges_of(user_keys: np.ndarray, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each user's events begin, and how many there are, by `user_key // stride`. int64 [users] each"""
    users = int(user_keys[-1]) // stride + 1 if len(user_keys) else 1
    first, count = np.zeros(users, np.int64), np.zeros(users, np.int64)
    starts = np.flatnonzero(user_keys[1:] != user_keys[:-1]) + 1
    starts = np.concatenate(([0], starts)) if len(user_keys) else starts
    index = user_keys[starts] // stride
    first[index] = starts
    count[index] = np.diff(starts, append=len(user_keys))
    return first, count
