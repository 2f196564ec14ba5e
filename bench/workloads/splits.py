"""Events -> what teaches, what validates and what tests, for bench/model/quality.py.

A goods that was touched is a positive; each has one goods beside it that the user never had, drawn alike from all, by
the seed of the split.
"""

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from din import EventSequence, Examples, Spans

SPLIT_SEED = 20_14
TEACHING_WEEKS = 6
DAY = 86_400_000_000


class Events(NamedTuple):
    """All users end to end, each one's in the order of time: dense keys from 1 on, shop 0 the unknown, and us."""

    users: np.ndarray
    goods: np.ndarray
    shops: np.ndarray
    ts: np.ndarray


class Split(NamedTuple):
    """The sequences of all users end to end, rows of the tables, the shop of each goods, and the examples."""

    goods: EventSequence
    shops: EventSequence
    rows: tuple[int, int]
    shop_of: np.ndarray
    train: Examples
    valid: Examples
    test: Examples


def read(path: Path) -> Events:
    """The events of a set. Its shop is the brand where there is one: that is what a goods has one of."""
    events = pl.read_parquet(path / "events.parquet").sort("user_id", "event_ts", "goods_id")
    shops = events["brand_id" if "brand_id" in events.columns else "shop_id"]
    return Events(
        dense(events["user_id"]),
        dense(events["goods_id"]),
        dense(shops) * shops.is_not_null().to_numpy(),
        events["event_ts"].dt.epoch("us").to_numpy(),
    )


def dense(ids: pl.Series) -> np.ndarray:
    """Keys from 1 on, in the order of the ids."""
    return ids.rank("dense").fill_null(0).to_numpy().astype(np.int64)


def leave_one_out(events: Events) -> Split:
    """The paper's: all of a user's goods before each one are its history; the last goods is the test, the one before
    it the validation, the rest teaches."""
    users = events.users
    before = np.arange(len(users))
    first = np.searchsorted(users, users)
    from_last = np.searchsorted(users, users, "right") - 1 - before
    parts = (from_last > 1) & (first < before), from_last == 1, from_last == 0
    return cut(events, first, before, *parts)


def by_days(events: Events, last: int) -> Split:
    """The last days test, as many before them validate, the six weeks before those teach. The history is what was
    before the day of the goods; a goods counts once a user and day."""
    users, days = events.users, events.ts // DAY
    first = np.searchsorted(users, users)
    moment = users * (days.max() + 1) + days
    before = np.searchsorted(moment, moment)
    _, once = np.unique(moment * (events.goods.max() + 1) + events.goods, return_index=True)
    counts = np.zeros(len(users), bool)
    counts[once] = True
    counts &= first < before
    end = days.max() + 1 - np.array([0, last, 2 * last, 2 * last + 7 * TEACHING_WEEKS])
    test, valid, train = (counts & (low <= days) & (days < high) for high, low in pairwise(end))
    return cut(events, first, before, train, valid, test)


def cut(events: Events, first: np.ndarray, before: np.ndarray, *parts: np.ndarray) -> Split:
    """The examples of the events that each part marks, their histories from `first` to `before`."""
    users, goods, shops, ts = events
    shop_of = np.zeros(goods.max() + 1, np.int64)
    shop_of[goods] = shops
    other = never_had(np.random.default_rng(SPLIT_SEED), users, goods)
    shop_places = np.flatnonzero(shops)
    shops_before = np.r_[0, np.cumsum(shops > 0)]

    def examples(marked: np.ndarray) -> Examples:
        rows = np.flatnonzero(marked)
        twice = np.repeat(rows, 2)
        wanted = np.column_stack([goods[rows], other[rows]]).ravel()
        start, end = first[twice], before[twice]
        return Examples(
            users[twice],
            wanted,
            shop_of[wanted],
            np.tile([1, 0], len(rows)),
            ts[twice],
            Spans(start, end),
            Spans(shops_before[start], shops_before[end]),
        )

    return Split(
        EventSequence(goods.astype(np.int32), ts),
        EventSequence(shops[shop_places].astype(np.int32), ts[shop_places]),
        (int(goods.max()) + 1, int(shops.max()) + 1),
        shop_of,
        *(examples(part) for part in parts),
    )


def never_had(random: np.random.Generator, users: np.ndarray, goods: np.ndarray) -> np.ndarray:
    """For each event a goods that its user never had."""
    highest = goods.max() + 1
    had = np.unique(users * highest + goods)
    drawn = random.integers(1, highest, len(users))
    while (again := np.isin(users * highest + drawn, had)).any():
        drawn[again] = random.integers(1, highest, int(again.sum()))
    return drawn
