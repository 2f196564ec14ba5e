"""Events -> histories: the events that a night can see, user by user in the total order.

Each bucket of users has a weekly snapshot file, sorted once. Later nights read that file and merge the days since.
Only the calendar decides which day has a file. So a night reads the same bytes in every store of the same events.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from features.errors import FeatureError
from features.ingest.catalogue import create_catalogue_view, with_catalogue_shops
from features.ingest.event_files import ALL_DAYS
from features.ingest.ingest_events import event_days
from features.sequences.history_merge import COLUMNS, ORDERED, TIES, merge_histories
from features.store import duckdb_connection, lake, sql_files
from features.store.fingerprints import SEEN, Fingerprint, fingerprint
from features.store.lake import LakeFile
from features.store.warehouse import Warehouse

CODE = 2  # raise it when a change here or in history_merge.py changes a file
SNAPSHOT_DAYS = 7  # days between two files: a night merges at most six days
LOADED_COLUMNS = ("user_key", *TIES, "event_ts", "known_at")
HISTORY_TYPES = (
    "user_key integer, goods_key integer, shop_key integer, type_key smallint, event_ts timestamp, known_at timestamp,"
    " event_id varchar, event_no ubigint"
)
BASE_TYPES = f"{HISTORY_TYPES}, is_return boolean"
SINCE_TYPES = f"{HISTORY_TYPES}, weight double"
IS_RETURN = (pl.col("weight") <= 0).fill_null(value=False).alias("is_return")  # as transforms/histories has it


@dataclass(frozen=True)
class Histories:
    """Hold the N events of the users of one or all buckets, end to end.

    The events of a user are `[first[i], first[i] + count[i])` with `i = user_key // stride`; int64 [users] each.
    `goods_keys` and `shop_keys` are int32 [N], `type_keys` int16 [N]. `event_ts` and `known_at` are int64 [N] in
    microseconds since 1970 UTC. `known_at` is None if every event was known when it happened. `is_return` is bool [N],
    or None if it is not loaded or no event is a return.
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
    """Return the last day up to `ds` whose histories have files: a Sunday."""
    return ds - timedelta(days=ds.toordinal() % SNAPSHOT_DAYS)


def build_histories(warehouse: Warehouse, ds: date) -> int:
    """Build the snapshot files that the night reads, if they are not current.

    Returns the number of events that the night sees. Raises FeatureError if it sees none.
    """
    events = warehouse.files("events.%", ALL_DAYS[0], ds)
    if not events:
        days = event_days(warehouse)
        hint = f"the first day with events is {days[0]}" if days else "ingest a source first: nightrank ingest SOURCE"
        raise FeatureError(f"no events up to {ds}; {hint}")
    snapshot, asset = weekly_snapshot_day(ds), "histories"
    fingerprint = histories_fingerprint(warehouse, snapshot)
    if has_snapshot(warehouse, snapshot) and not warehouse.is_current(asset, snapshot, fingerprint):
        with warehouse.building(asset, snapshot, fingerprint) as made:
            for bucket in range(warehouse.store.config.buckets):
                frame = merge_histories(
                    read_runs(warehouse, [file for file in events if file.ds <= snapshot], COLUMNS, bucket)
                )
                made.files.append(lake.write(warehouse.store, frame, asset, snapshot, bucket))
            made.rows = sum(file.rows for file in made.files)
    return sum(file.rows for file in events)


def has_snapshot(warehouse: Warehouse, day: date) -> bool:
    """Return whether any event happened up to the snapshot day."""
    days = event_days(warehouse)
    return days is not None and days[0] <= day


def histories_fingerprint(warehouse: Warehouse, ds: date) -> Fingerprint:
    """Fingerprint the inputs of the histories up to `ds`: events, time zone and buckets."""
    return fingerprint(events_seen(warehouse, ds) | partitioning(warehouse) | {"code": (CODE, SNAPSHOT_DAYS)})


def events_seen(warehouse: Warehouse, ds: date) -> dict[str, Any]:
    """Return the fingerprint parts for the events that the night of `ds` can see.

    The parts are the files, by content, and their number of rows.
    """
    [(rows, files)] = warehouse.run("ledger/events_seen", ds=ds)
    return {"events": files, SEEN: rows}


def partitioning(warehouse: Warehouse) -> dict[str, Any]:
    """Return the fingerprint part for the time zone of days and the number of buckets."""
    return {"settings.store": (warehouse.store.config.timezone, warehouse.store.config.buckets)}


def history_files(warehouse: Warehouse, ds: date) -> tuple[list[LakeFile], list[LakeFile]]:
    """Return the snapshot files of a night, one per bucket, and the event files since."""
    day = weekly_snapshot_day(ds)
    return warehouse.files("histories", day, day), warehouse.files("events.%", day + timedelta(days=1), ds)


def create_histories_view(warehouse: Warehouse, ds: date) -> None:
    """Create the relation `histories` of the events that the night can see.

    Also creates night_catalogue, as of that night, and the macros that read both.
    """
    con, store = warehouse.con, warehouse.store
    snapshot, since = history_files(warehouse, ds)
    for view, files, columns in (("base_histories", snapshot, BASE_TYPES), ("days_since", since, SINCE_TYPES)):
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
    only_active: bool = False,
    at_night_end: bool = False,
    with_returns: bool = False,
) -> Histories:
    """Load the histories that the night can see, of one bucket or of all.

    `users` limits them to these users. `only_active` limits them to users with events since the snapshot file.
    `at_night_end` is for callers who slice them only at the night's end: every event is known by then, so `known_at`
    is None. `with_returns` loads which events are returns. An event without a shop gets the shop that the catalogue
    gave its item that day; the files keep events as they came.
    """
    snapshot, since = history_files(warehouse, ds)
    own = [file for file in snapshot if bucket in (None, file.bucket)]
    needed = (*(LOADED_COLUMNS[:-1] if at_night_end else LOADED_COLUMNS), *(("is_return",) if with_returns else ()))
    columns = (*dict.fromkeys((*ORDERED, *needed)),) if since or len(own) > 1 else needed
    loaded_users = None if users is None else pl.Series(users, dtype=pl.Int32)
    runs = read_runs(warehouse, since, columns, bucket, loaded_users)
    if only_active and runs:
        loaded_users = pl.concat(run["user_key"] for run in runs).unique()
    if loaded_users is not None or not only_active:
        runs = read_runs(warehouse, own, columns, None, loaded_users) + runs
    frame = merge_histories(runs, needed)
    histories = as_histories(frame, 1 if bucket is None else warehouse.store.config.buckets)
    shop_keys = with_catalogue_shops(warehouse, histories.goods_keys, histories.shop_keys, histories.event_ts)
    return replace(histories, shop_keys=shop_keys)


def read_runs(
    warehouse: Warehouse,
    files: list[LakeFile],
    columns: tuple[str, ...],
    bucket: int | None,
    users: pl.Series | None = None,
) -> list[pl.DataFrame]:
    """Read the rows of each file, limited to one bucket or to some users.

    Each file is sorted already.
    """

    def select(rows: pl.LazyFrame, is_snapshot: bool) -> pl.LazyFrame:
        rows = rows.select(IS_RETURN if name == "is_return" and not is_snapshot else name for name in columns)
        if bucket is not None:
            rows = rows.filter(pl.col("user_key") % warehouse.store.config.buckets == bucket)
        return rows if users is None else rows.filter(pl.col("user_key").is_in(users.implode()))

    return [lake.read(warehouse.store, file, partial(select, is_snapshot=file.asset == "histories")) for file in files]


def as_histories(frame: pl.DataFrame, stride: int) -> Histories:
    """Convert sorted rows to the arrays of `Histories`."""
    user_keys = frame["user_key"].to_numpy()
    first, count = user_ranges(user_keys, stride)
    known = frame.get_column("known_at", default=pl.Series(dtype=pl.Datetime("us")))
    late = known.null_count() < len(known)
    event_ts = frame["event_ts"].to_physical().to_numpy() if len(frame) else np.zeros(0, np.int64)
    return Histories(
        stride=stride,
        user_keys=user_keys,
        goods_keys=frame["goods_key"].to_numpy(),
        shop_keys=frame["shop_key"].to_numpy(),
        type_keys=frame["type_key"].to_numpy(),
        event_ts=event_ts,
        known_at=known.to_physical().fill_null(frame["event_ts"].to_physical()).to_numpy() if late else None,
        first=first,
        count=count,
        is_return=frame["is_return"].to_numpy() if "is_return" in frame.columns and frame["is_return"].any() else None,
    )


def user_ranges(user_keys: np.ndarray, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each user's first event and number of events.

    int64 [users] each, by `user_key // stride`
    """
    users = int(user_keys[-1]) // stride + 1 if len(user_keys) else 1
    first, count = np.zeros(users, np.int64), np.zeros(users, np.int64)
    starts = np.flatnonzero(user_keys[1:] != user_keys[:-1]) + 1
    starts = np.concatenate(([0], starts)) if len(user_keys) else starts
    index = user_keys[starts] // stride
    first[index] = starts
    count[index] = np.diff(starts, append=len(user_keys))
    return first, count
