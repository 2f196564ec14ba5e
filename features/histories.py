"""Events -> histories: each user's events sorted once, bucket by bucket, and every slice of them by end position."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import polars as pl

from features import database, lake, statements
from features.errors import FeatureError
from features.ingestion import event_days
from features.store import epoch_microseconds
from features.warehouse import Warehouse

EVENT_COLUMNS = (
    "user_key integer, goods_key integer, shop_key integer, event_type varchar, event_ts timestamp,"
    " known_at timestamp, event_id varchar, weight double, cat_id varchar"
)
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(2100, 1, 1)


@dataclass(frozen=True)
class Group:
    """The goods, or the shops, of all histories end to end: E keys and times, and for each of the N history
    positions before it (and the end, N + 1 in all) how many of the group came before.

    keys: int32 [E]; ts: int64 [E], microseconds since 1970 UTC; before: int64 [N + 1].
    """

    keys: np.ndarray
    ts: np.ndarray
    before: np.ndarray


@dataclass(frozen=True)
class Histories:
    """All events, user by user, each user's in the one total order.

    N events; `first` and `count`, int64 [users + 1], say where the events of a user key begin and how many there are.
    `user_keys`, `goods_keys` and `shop_keys` are int32 [N], `event_ts` int64 [N] in microseconds since 1970 UTC.
    """

    user_keys: np.ndarray
    goods_keys: np.ndarray
    shop_keys: np.ndarray
    event_ts: np.ndarray
    first: np.ndarray
    count: np.ndarray

    def ends_at(self, as_of: datetime) -> np.ndarray:
        """For each user key, how many of its events are strictly before `as_of`: its end position. int64 [users + 1]"""
        before = np.r_[0, np.cumsum(self.event_ts < epoch_microseconds(as_of))]
        return before[self.first + self.count] - before[self.first]

    def group(self, keys: np.ndarray) -> Group:
        """The events that have a key of this group, goods or shop."""
        present = keys > 0
        return Group(keys[present], self.event_ts[present], np.r_[0, np.cumsum(present)])

    def span(self, group: Group, user_keys: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where in the group the histories of these users lie that end after `ends` of their events. int64 [X] each"""
        first = self.first[user_keys]
        return group.before[first], group.before[first + ends]


def build_histories(warehouse: Warehouse, ds: date) -> int:
    """Sorts the events of every day up to `ds` into one file a bucket, unless that is built from these very events.

    Returns the number of events. Raises FeatureError where there is none.
    """
    store, events = warehouse.store, warehouse.files("events.%", FIRST_DAY, ds)
    if not events:
        days = event_days(warehouse)
        hint = f"the first day with events is {days[0]}" if days else "ingest a source first: nightrank ingest SOURCE"
        raise FeatureError(f"no events up to {ds}; {hint}")
    asset, fingerprint = "histories", histories_fingerprint(warehouse, ds)
    if not warehouse.is_current(asset, ds, fingerprint):
        paths = [lake.verified(store, file) for file in events]
        database.view_of_files(warehouse.con, "events", paths, EVENT_COLUMNS)
        statements.run(warehouse.con, "transforms/histories")
        with warehouse.building(asset, ds, fingerprint) as made:
            for bucket in range(store.config.buckets):
                rows = warehouse.con.execute(
                    "from histories_of($bucket, $buckets)", {"bucket": bucket, "buckets": store.config.buckets}
                )
                made.files.append(lake.write(store, pl.DataFrame(rows.to_arrow_table()), asset, ds, bucket))
            made.rows = sum(file.rows for file in made.files)
    return sum(file.rows for file in warehouse.files(asset, ds, ds))


def histories_fingerprint(warehouse: Warehouse, ds: date) -> str:
    """What the histories up to `ds` are made of: the events of those days, the SQL, the number of buckets."""
    events = [file.sha256 for file in warehouse.files("events.%", FIRST_DAY, ds)]
    return statements.fingerprint(events, statements.read("transforms/histories"), warehouse.store.config.buckets)


def view_histories(warehouse: Warehouse, ds: date) -> None:
    """Names the histories up to `ds` as the relation `histories`, and defines the macros that read it."""
    paths = [lake.verified(warehouse.store, file) for file in warehouse.files("histories", ds, ds)]
    database.view_of_files(warehouse.con, "histories", paths, EVENT_COLUMNS)
    statements.run(warehouse.con, "transforms/goods_known")


def load_histories(warehouse: Warehouse, ds: date) -> Histories:
    """The histories up to `ds` in memory, as arrays."""
    columns = ["user_key", "goods_key", "shop_key", "event_ts"]
    paths = [lake.verified(warehouse.store, file) for file in warehouse.files("histories", ds, ds)]
    frame = pl.concat([pl.read_parquet(path, columns=columns) for path in paths])
    user_keys = frame["user_key"].to_numpy()
    users = int(user_keys.max())
    count = np.bincount(user_keys, minlength=users + 1)
    starts = np.flatnonzero(np.r_[True, user_keys[1:] != user_keys[:-1]])
    first = np.zeros(users + 1, np.int64)
    first[user_keys[starts]] = starts
    return Histories(
        user_keys,
        frame["goods_key"].to_numpy(),
        frame["shop_key"].to_numpy(),
        frame["event_ts"].dt.epoch("us").to_numpy(),
        first,
        count,
    )
