"""Histories -> slices of the events that may be seen at a moment: those before it that were known by it.

Nothing is copied, except for the few histories in which an unknown event is between known ones.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from features.config import GroupConfig
from features.sequences.histories import Histories
from features.sequences.point_in_time import (
    GatheredRows,
    GroupEvents,
    Visibility,
    gather_visible,
    max_age,
    max_length,
    repeat_mask,
    select_rows,
)
from features.sequences.range_ops import segmented_searchsorted
from features.store.warehouse import Warehouse

SequenceGroup = Literal["goods", "shop"]
GROUPS: tuple[SequenceGroup, ...] = ("goods", "shop")


@dataclass(frozen=True)
class HistorySlices:
    """Hold E events of a group and X slices of them, which may overlap.

    Slice i is `[start[i], end[i])`: the events of a user that may be seen at a moment, oldest first. It is empty if
    there are none, and never longer than the group's length. keys: int32 [E]; ts: int64 [E], microseconds since 1970
    UTC; type_keys: int16 [E], or None if they are not loaded; start, end: int64 [X].
    """

    keys: np.ndarray
    ts: np.ndarray
    start: np.ndarray
    end: np.ndarray
    type_keys: np.ndarray | None = None

    def select(self, rows: np.ndarray | slice) -> "HistorySlices":
        """Return some of the slices, over the same events."""
        return replace(self, start=self.start[rows], end=self.end[rows])


def type_keys(warehouse: Warehouse, names: tuple[str, ...]) -> list[int]:
    """Return the keys of event types by name; a type without events has none."""
    return [key for (key,) in warehouse.run("ledger/type_keys", names=list(names))]


def select_group(warehouse: Warehouse, histories: Histories, group: SequenceGroup, config: GroupConfig) -> GroupEvents:
    """Select the events that the sequences of one group may hold."""
    keys = histories.goods_keys if group == "goods" else histories.shop_keys
    if config.event_types:
        keys = np.where(np.isin(histories.type_keys, type_keys(warehouse, config.event_types)), keys, 0)
    kept = keys > 0
    if config.dedup_seconds:
        rows = np.flatnonzero(kept)
        kept[rows[repeat_mask(histories.user_keys[rows], keys[rows], histories.event_ts[rows], config)]] = False
    return GroupEvents(histories, config, keys, None if kept.all() else kept)


def slice_histories(events: GroupEvents, visible: Visibility) -> HistorySlices:
    """Cut the slice of a group's events that each of X moments may see."""
    histories, config = events.histories, events.config
    before = None if events.kept is None else np.r_[0, np.cumsum(events.kept)]
    start, end = (places if before is None else before[places] for places in (visible.first, visible.full_end))
    rows = slice(None) if events.kept is None else np.flatnonzero(events.kept)
    if config.max_age_days:
        start = segmented_searchsorted(histories.event_ts[rows], start, end, visible.as_of - max_age(config), "left")
    start, end = np.maximum(start, end - max_length(config)), end.copy()
    copies = [np.zeros(0, np.int64)]
    holed = np.flatnonzero(visible.full_end < visible.partial_end)
    for found in gather_visible(events, visible.first[holed], visible.partial_end[holed], visible.as_of[holed]):
        done = len(events.keys[rows]) + sum(map(len, copies))
        places, begins, ends = append_copies(found, before, done, config)
        start[holed[found.rows]], end[holed[found.rows]] = begins, ends
        copies.append(places)
    copied = np.concatenate(copies)
    keys, ts, types = (
        np.concatenate([column[rows], column[copied]]) if len(copied) else column[rows]
        for column in (events.keys, histories.event_ts, histories.type_keys)
    )
    return HistorySlices(keys, ts, start, end, types)


def append_copies(
    found: GatheredRows, before: np.ndarray | None, done: int, config: GroupConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choose the places to copy, and the new slice of each row.

    The copies follow the first `done` places. Returns the places to copy, and where each row's slice begins and ends. A
    row whose places are consecutive in the group is not copied.
    """
    ends = np.cumsum(found.lengths)
    begins, has_any = ends - found.lengths, found.lengths > 0
    heads, tails = np.zeros_like(ends), np.zeros_like(ends)
    heads[has_any], tails[has_any] = found.places[begins[has_any]], found.places[ends[has_any] - 1]
    if before is not None:
        heads, tails = before[heads], before[tails]
    tails += has_any
    whole = (tails - heads == found.lengths) & (config.dedup_seconds == 0)
    copies = select_rows(found, ~whole, found.rows)
    tails[~whole] = done + np.cumsum(copies.lengths)
    heads[~whole] = tails[~whole] - copies.lengths
    return copies.places, heads, tails
