"""Moments at which what may be seen has holes: an event not yet known lies between others that are. What is seen then
is gathered, place by place; of every other moment it is a slice.

An event is seen from `seen_at` on, the first microsecond after it happened or the one at which it was known, whichever
is later.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.config import GroupConfig
from features.sequences.histories import Histories
from features.sequences.range_ops import expand_ranges, running_max_min, segmented_searchsorted

MICROSECONDS = 1_000_000
SECONDS_PER_DAY = 86_400
PLACES_PER_PASS = 5_000_000  # a hundred bytes each while they are looked at


@dataclass(frozen=True)
class GroupFilter:
    """The goods, or the shops, of N events: `keys` int32 [N], 0 where the event has none or none of the types counts;
    `kept` bool [N] without repeats either, None where that is all of them."""

    histories: Histories
    config: GroupConfig
    keys: np.ndarray
    kept: np.ndarray | None


@dataclass(frozen=True)
class GatheredRows:
    """What is seen at some moments with holes: `rows` int64 [R] say which moments, `places` int64 where the events of
    each stand, moment by moment, oldest first, and `lengths` int64 [R] how many."""

    rows: np.ndarray
    places: np.ndarray
    lengths: np.ndarray


@dataclass(frozen=True)
class Visibility:
    """What X users may see of their events, each at a moment: events `[first, seen)`, which stand together, and behind
    a hole some of those up to `some_seen`, which is `seen` where there is no hole. int64 [X] each; `as_of` int64 [X] in
    microseconds."""

    as_of: np.ndarray
    first: np.ndarray
    seen: np.ndarray
    some_seen: np.ndarray


def visibility_of(histories: Histories, user_keys: np.ndarray, as_of: np.ndarray) -> Visibility:
    """What users, int [X], may see at moments, int64 [X] in microseconds since 1970 UTC; nothing where there is no such
    user."""
    index = user_keys // histories.stride
    known = index < len(histories.first)
    first = np.where(known, histories.first[np.where(known, index, 0)], 0)
    last = first + np.where(known, histories.count[np.where(known, index, 0)], 0)
    if later_than(histories.event_ts, as_of - 1):
        last = segmented_searchsorted(histories.event_ts, first, last, as_of, "left")
    if histories.known_at is None or not later_than(histories.known_at, as_of):
        return Visibility(as_of, first, last, last)
    all_seen_from, some_seen_from = running_max_min(seen_from(histories), histories.user_keys)
    seen = segmented_searchsorted(all_seen_from, first, last, as_of, "right")
    return Visibility(as_of, first, seen, segmented_searchsorted(some_seen_from, seen, last, as_of, "right"))


def later_than(values: np.ndarray, as_of: np.ndarray) -> bool:
    """Whether any value is later than the first of the moments: if not, as at a night's end, none need be searched."""
    return bool(len(values) and len(as_of) and values.max() > as_of.min())


def seen_from(histories: Histories, places: np.ndarray | slice = slice(None)) -> np.ndarray:
    """The first moment at which each event is seen. int64"""
    after = histories.event_ts[places] + 1
    return after if histories.known_at is None else np.maximum(after, histories.known_at[places])


def gather_visible(
    group: GroupFilter, first: np.ndarray, last: np.ndarray, as_of: np.ndarray
) -> Iterator[GatheredRows]:
    """What may be seen of each range `[first, last)`: the newest ones of the group, in batches of rows.

    The end of a range is looked at first, and more of it only where that was not enough: so a user with ten million
    events costs no more than another.
    """
    reach, todo = 2 * max_length(group.config), np.arange(len(first))
    while len(todo):
        low = np.maximum(first[todo], last[todo] - reach)
        left = []
        for some in row_batches(last[todo] - low):
            rows = todo[some]
            found, enough = scan_window(group, low[some], last[rows], as_of[rows])
            enough |= low[some] == first[rows]
            yield of_rows(found, enough, rows)
            left.append(rows[~enough])
        todo, reach = np.concatenate(left), 4 * reach


def scan_window(
    group: GroupFilter, low: np.ndarray, last: np.ndarray, as_of: np.ndarray
) -> tuple[GatheredRows, np.ndarray]:
    """What may be seen of each range, and whether that is all that would be seen of a longer one."""
    histories, config = group.histories, group.config
    place, row = expand_ranges(low, last)
    seen = (seen_from(histories, place) <= as_of[row]) & (group.keys[place] > 0)
    place, row = place[seen], row[seen]
    if config.dedup_seconds:
        fresh = ~repeats(row, group.keys[place], histories.event_ts[place], config)
        place, row = place[fresh], row[fresh]
    count = np.bincount(row, minlength=len(low))
    enough = count > max_length(config)  # one more, since the oldest may repeat one before it
    if config.max_age_days:
        oldest = as_of - max_age(config)
        enough |= histories.event_ts[low] < oldest - config.dedup_seconds * MICROSECONDS
        young = histories.event_ts[place] >= oldest[row]
        place, row = place[young], row[young]
        count = np.bincount(row, minlength=len(low))
    newest = np.arange(len(row)) >= (np.cumsum(count) - max_length(config))[row]
    return GatheredRows(np.arange(len(low)), place[newest], np.minimum(count, max_length(config))), enough


def of_rows(found: GatheredRows, which: np.ndarray, rows: np.ndarray) -> GatheredRows:
    """What was found for some of the rows, which are now called as in `rows`."""
    return GatheredRows(rows[which], found.places[np.repeat(which, found.lengths)], found.lengths[which])


def row_batches(lengths: np.ndarray) -> list[np.ndarray]:
    """Cuts ranges of these lengths into runs that are not too many places to hold."""
    total = np.cumsum(lengths)
    return np.split(
        np.arange(len(lengths)), np.searchsorted(total, np.arange(PLACES_PER_PASS, total[-1], PLACES_PER_PASS))
    )


def repeats(owner: np.ndarray, keys: np.ndarray, ts: np.ndarray, config: GroupConfig) -> np.ndarray:
    """Which events of a group repeat the one before them, of the same owner, soon enough to be left out."""
    again = np.zeros(len(keys), bool)
    again[1:] = (owner[1:] == owner[:-1]) & (keys[1:] == keys[:-1])
    again[1:] &= ts[1:] - ts[:-1] <= config.dedup_seconds * MICROSECONDS
    return again


def max_length(config: GroupConfig) -> int:
    """How many events a slice holds at the most."""
    return config.length


def max_age(config: GroupConfig) -> int:
    """In microseconds."""
    return config.max_age_days * SECONDS_PER_DAY * MICROSECONDS
