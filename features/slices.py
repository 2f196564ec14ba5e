"""Histories -> slices of what may be seen at a moment: what happened strictly before it and was known by it.

Nothing is copied, but for the few histories in which an event not yet known lies between others that were.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from features.config import GroupConfig
from features.histories import Histories
from features.warehouse import Warehouse

Part = Literal["goods", "shop"]
PARTS: tuple[Part, ...] = ("goods", "shop")
MICROSECONDS = 1_000_000
SECONDS_PER_DAY = 86_400
POSITIONS_AT_ONCE = 5_000_000  # of histories that are copied


@dataclass(frozen=True)
class Slices:
    """E keys, times and event types of a group, and for each of X moments which of them may be seen: `[start, end)`,
    oldest first, never more than the group's length.

    keys: int32 [E]; ts: int64 [E], microseconds since 1970 UTC; types: int16 [E]; start, end: int64 [X].
    """

    keys: np.ndarray
    ts: np.ndarray
    types: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def of(self, moments: np.ndarray | slice) -> "Slices":
        """The slices of some of the moments."""
        return replace(self, start=self.start[moments], end=self.end[moments])


@dataclass(frozen=True)
class Group:
    """The goods, or the shops, of N events: `keys` int32 [N], 0 where the event has none or none of the types counts;
    `kept` bool [N] without repeats either, None where that is all of them."""

    histories: Histories
    config: GroupConfig
    keys: np.ndarray
    kept: np.ndarray | None


def type_keys(warehouse: Warehouse, names: tuple[str, ...]) -> list[int]:
    """The keys of event types by name; those nobody has met yet have none."""
    return [key for (key,) in warehouse.run("ledger/type_keys", names=list(names))]


def group_of(warehouse: Warehouse, histories: Histories, part: Part, config: GroupConfig) -> Group:
    """The events of one group that its sequences may hold."""
    keys = histories.goods_keys if part == "goods" else histories.shop_keys
    if config.types:
        keys = np.where(np.isin(histories.type_keys, type_keys(warehouse, config.types)), keys, 0)
    kept = keys > 0
    if config.collapse_seconds:
        rows = np.flatnonzero(kept)
        kept[rows[repeats(histories.user_keys[rows], keys[rows], histories.event_ts[rows], config)]] = False
    return Group(histories, config, keys, None if kept.all() else kept)


def repeats(owner: np.ndarray, keys: np.ndarray, ts: np.ndarray, config: GroupConfig) -> np.ndarray:
    """Which events of a group repeat the one before them, of the same owner, soon enough to be left out."""
    again = np.zeros(len(keys), bool)
    again[1:] = (owner[1:] == owner[:-1]) & (keys[1:] == keys[:-1])
    again[1:] &= ts[1:] - ts[:-1] <= config.collapse_seconds * MICROSECONDS
    return again


def cut(group: Group, user_keys: np.ndarray, as_of: np.ndarray) -> Slices:
    """For each user and moment, int32 and int64 [X], the slice of the group that may be seen then."""
    histories, config = group.histories, group.config
    index = user_keys // histories.stride
    known = index < len(histories.first)
    first = np.where(known, histories.first[np.where(known, index, 0)], 0)
    count = np.where(known, histories.count[np.where(known, index, 0)], 0)
    ends = past(histories, first, first + count, as_of)
    whole, mixed = ends, np.zeros(0, np.int64)
    if histories.known_at is not None and later_than(histories.known_at, as_of):
        ends = search(known_by(histories), first, whole, as_of, "right")
        mixed = rows_with_later_ones(histories.known_at, ends, whole, as_of)
    start, end, rows = first, ends, slice(None)
    if group.kept is not None:
        before = np.r_[0, np.cumsum(group.kept)]
        start, end, rows = before[first], before[ends], np.flatnonzero(group.kept)
    if config.max_age_days:
        start = search(histories.event_ts[rows], start, end, as_of - max_age(config), "left")
    start = np.maximum(start, end - longest(config))
    for some in portions(mixed, (whole - first)[mixed]):
        places, lengths = copied(group, some, first[some], whole[some], as_of[some])
        rows = np.arange(len(group.keys)) if isinstance(rows, slice) else rows
        end[some] = len(rows) + np.cumsum(lengths)
        start[some] = end[some] - lengths
        rows = np.r_[rows, places]
    return Slices(group.keys[rows], histories.event_ts[rows], histories.type_keys[rows], start, end)


def past(histories: Histories, first: np.ndarray, last: np.ndarray, as_of: np.ndarray) -> np.ndarray:
    """Where what is strictly before each moment ends within `[first, last)`."""
    if not later_than(histories.event_ts, as_of, or_at=True):
        return last
    return search(histories.event_ts, first, last, as_of, "left")


def later_than(values: np.ndarray, as_of: np.ndarray, *, or_at: bool = False) -> bool:
    """Whether any value is later than the first of the moments: if not, as at a night's end, none need be searched."""
    if not len(values) or not len(as_of):
        return False
    return bool(values.max() >= as_of.min() + (not or_at))


def longest(config: GroupConfig) -> int:
    """How many events a slice holds at the most."""
    return config.length


def max_age(config: GroupConfig) -> int:
    """In microseconds."""
    return config.max_age_days * SECONDS_PER_DAY * MICROSECONDS


def search(
    values: np.ndarray, low: np.ndarray, high: np.ndarray, target: np.ndarray, side: Literal["left", "right"]
) -> np.ndarray:
    """np.searchsorted within a range of its own for each target: the first place in `[low, high)` whose value is not
    smaller than the target ('left'), or greater ('right'); `high` where there is none. int64 [X]"""
    low, high = low.astype(np.int64), high.astype(np.int64)
    while (open_ := np.flatnonzero(low < high)).size:
        middle = (low[open_] + high[open_]) // 2
        found = values[middle] < target[open_] if side == "left" else values[middle] <= target[open_]
        low[open_[found]] = middle[found] + 1
        high[open_[~found]] = middle[~found]
    return low


def known_by(histories: Histories) -> np.ndarray:
    """When each event and all before it of its user were known. int64 [N]

    A running maximum that starts anew with each user: the user's number stands in the bits above the time, so one pass
    does for as many users as there are numbers in the bits left.
    """
    known_at = histories.known_at if histories.known_at is not None else histories.event_ts
    if not len(known_at):
        return known_at
    begin = known_at.min()
    bits = int(known_at.max() - begin).bit_length()
    at_once = 1 << (62 - bits)
    user = histories.user_keys // histories.stride
    found = np.empty_like(known_at)
    for low in range(0, int(user[-1]) + 1, at_once):
        some = slice(*np.searchsorted(user, [low, low + at_once]))
        tall = (user[some].astype(np.int64) - low << bits) + (known_at[some] - begin)
        found[some] = (np.maximum.accumulate(tall) & ((1 << bits) - 1)) + begin
    return found


def rows_with_later_ones(known_at: np.ndarray, visible: np.ndarray, ends: np.ndarray, as_of: np.ndarray) -> np.ndarray:
    """The rows where an event known in time stands behind one that was not. int64"""
    open_ = np.flatnonzero(visible < ends)
    place, row = spread(visible[open_], ends[open_])
    in_time = known_at[place] <= as_of[open_[row]]
    return open_[np.unique(row[in_time])]


def spread(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every place of some ranges, range by range, and which range it is of."""
    lengths = end - start
    row = np.repeat(np.arange(len(start)), lengths)
    return np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths - start, lengths), row


def portions(rows: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    """Cuts rows into parts whose histories are not too many to hold."""
    if not len(rows):
        return []
    total = np.cumsum(lengths)
    return np.split(rows, np.searchsorted(total, np.arange(POSITIONS_AT_ONCE, total[-1], POSITIONS_AT_ONCE)))


def copied(
    group: Group, rows: np.ndarray, first: np.ndarray, ends: np.ndarray, as_of: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The places of the events that each of these rows may see, row by row, and how many: what `cut` does by slices,
    where what may be seen has holes."""
    histories, config = group.histories, group.config
    place, row = spread(first, ends)
    known = histories.event_ts if histories.known_at is None else histories.known_at
    seen = (known[place] <= as_of[row]) & (group.keys[place] > 0)
    place, row = place[seen], row[seen]
    if config.collapse_seconds:
        fresh = ~repeats(row, group.keys[place], histories.event_ts[place], config)
        place, row = place[fresh], row[fresh]
    if config.max_age_days:
        young = histories.event_ts[place] >= as_of[row] - max_age(config)
        place, row = place[young], row[young]
    count = np.bincount(row, minlength=len(rows))
    newest = np.arange(len(row)) >= (np.cumsum(count) - longest(config))[row]
    return place[newest], np.minimum(count, longest(config))
