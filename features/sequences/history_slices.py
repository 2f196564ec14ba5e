"""Histories -> slices of what may be seen at a moment: what happened strictly before it and was known by it.

Nothing is copied, but for the few histories in which an event not yet known lies between others that were.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from features.config import GroupConfig
from features.sequences.histories import Histories
from features.sequences.point_in_time import (
    GatheredRows,
    GroupFilter,
    Visibility,
    gather_visible,
    max_age,
    max_length,
    of_rows,
    repeats,
)
from features.sequences.range_ops import segmented_searchsorted
from features.store.warehouse import Warehouse

SequenceGroup = Literal["goods", "shop"]
GROUPS: tuple[SequenceGroup, ...] = ("goods", "shop")


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


def type_keys(warehouse: Warehouse, names: tuple[str, ...]) -> list[int]:
    """The keys of event types by name; those nobody has met yet have none."""
    return [key for (key,) in warehouse.run("ledger/type_keys", names=list(names))]


def select_group(warehouse: Warehouse, histories: Histories, part: SequenceGroup, config: GroupConfig) -> GroupFilter:
    """The events of one group that its sequences may hold."""
    keys = histories.goods_keys if part == "goods" else histories.shop_keys
    if config.event_types:
        keys = np.where(np.isin(histories.type_keys, type_keys(warehouse, config.event_types)), keys, 0)
    kept = keys > 0
    if config.dedup_seconds:
        rows = np.flatnonzero(kept)
        kept[rows[repeats(histories.user_keys[rows], keys[rows], histories.event_ts[rows], config)]] = False
    return GroupFilter(histories, config, keys, None if kept.all() else kept)


def slice_histories(group: GroupFilter, moments: Visibility) -> Slices:
    """The slice of the group that may be seen at each of X moments."""
    histories, config = group.histories, group.config
    before = None if group.kept is None else np.r_[0, np.cumsum(group.kept)]
    start, end = (places if before is None else before[places] for places in (moments.first, moments.seen))
    rows = slice(None) if group.kept is None else np.flatnonzero(group.kept)
    if config.max_age_days:
        start = segmented_searchsorted(histories.event_ts[rows], start, end, moments.as_of - max_age(config), "left")
    start, end = np.maximum(start, end - max_length(config)), end.copy()
    copies = [np.zeros(0, np.int64)]
    holed = np.flatnonzero(moments.seen < moments.some_seen)
    for found in gather_visible(group, moments.first[holed], moments.some_seen[holed], moments.as_of[holed]):
        done = len(group.keys[rows]) + sum(map(len, copies))
        places, begins, ends = append_copies(found, before, done, config)
        start[holed[found.rows]], end[holed[found.rows]] = begins, ends
        copies.append(places)
    copied = np.concatenate(copies)
    keys, ts, types = (
        np.concatenate([column[rows], column[copied]]) if len(copied) else column[rows]
        for column in (group.keys, histories.event_ts, histories.type_keys)
    )
    return Slices(keys, ts, types, start, end)


def append_copies(
    found: GatheredRows, before: np.ndarray | None, done: int, config: GroupConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The places to copy behind the `done` ones that are there, and of each row found where its slice begins and ends.

    What stands without a hole in the group is not copied.
    """
    ends = np.cumsum(found.lengths)
    begins, some = ends - found.lengths, found.lengths > 0
    heads, tails = np.zeros_like(ends), np.zeros_like(ends)
    heads[some], tails[some] = found.places[begins[some]], found.places[ends[some] - 1]
    if before is not None:
        heads, tails = before[heads], before[tails]
    tails += some
    whole = (tails - heads == found.lengths) & (config.dedup_seconds == 0)
    copies = of_rows(found, ~whole, found.rows)
    tails[~whole] = done + np.cumsum(copies.lengths)
    heads[~whole] = tails[~whole] - copies.lengths
    return copies.places, heads, tails
