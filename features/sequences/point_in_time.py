"""Histories and moments -> the events that each moment may see.

At most moments these are one slice. A history has a hole at a moment if an unknown event is between known ones; then
the visible events are gathered one by one. An event is visible from the first microsecond after it happened, or from
the one at which it was known, whichever is later.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.config import GroupConfig
from features.sequences.histories import Histories
from features.sequences.range_ops import expand_ranges, running_max_min, segmented_searchsorted

MICROSECONDS = 1_000_000
SECONDS_PER_DAY = 86_400
PLACES_PER_PASS = 5_000_000  # about a hundred bytes each while a window is scanned


@dataclass(frozen=True)
class GroupEvents:
    """Hold which of the N events of `histories` count for one sequence group.

    `keys` are int32 [N]: the item or shop of each event, 0 if it has none or its type does not count. `kept` is bool
    [N]: the events with a key that are no repeats, None if that is all of them.
    """

    histories: Histories
    config: GroupConfig
    keys: np.ndarray
    kept: np.ndarray | None


@dataclass(frozen=True)
class GatheredRows:
    """Hold the visible events of R moments with holes.

    `rows` int64 [R] are the moments. `places` int64 are the indices of their events, moment by moment, oldest first;
    `lengths` int64 [R] count them.
    """

    rows: np.ndarray
    places: np.ndarray
    lengths: np.ndarray


@dataclass(frozen=True)
class Visibility:
    """Hold the range of events that each of X users may see at a moment.

    All events of `[first, full_end)` are visible, and after a hole some of `[full_end, partial_end)`. Without a hole
    both ends are equal. int64 [X] each; `as_of` is in microseconds since 1970 UTC.
    """

    as_of: np.ndarray
    first: np.ndarray
    full_end: np.ndarray
    partial_end: np.ndarray


def visibility_of(histories: Histories, user_keys: np.ndarray, as_of: np.ndarray) -> Visibility:
    """Find what each user may see at a moment.

    user_keys: int [X]; as_of: int64 [X] in microseconds since 1970 UTC. An unknown user sees nothing.
    """
    index = user_keys // histories.stride
    known = index < len(histories.first)
    first = np.where(known, histories.first[np.where(known, index, 0)], 0)
    last = first + np.where(known, histories.count[np.where(known, index, 0)], 0)
    if has_later(histories.event_ts, as_of - 1):
        last = segmented_searchsorted(histories.event_ts, first, last, as_of, "left")
    if histories.known_at is None or not has_later(histories.known_at, as_of):
        return Visibility(as_of, first, last, last)
    all_visible_from, any_visible_from = running_max_min(visible_from(histories), histories.user_keys)
    full_end = segmented_searchsorted(all_visible_from, first, last, as_of, "right")
    partial_end = segmented_searchsorted(any_visible_from, full_end, last, as_of, "right")
    return Visibility(as_of, first, full_end, partial_end)


def has_later(values: np.ndarray, as_of: np.ndarray) -> bool:
    """Return whether any value is later than the earliest moment.

    If none is, as at a night's end, no search is needed.
    """
    return bool(len(values) and len(as_of) and values.max() > as_of.min())


def visible_from(histories: Histories, places: np.ndarray | slice = slice(None)) -> np.ndarray:
    """Return the first moment at which each event is visible. int64."""
    after = histories.event_ts[places] + 1
    return after if histories.known_at is None else np.maximum(after, histories.known_at[places])


def gather_visible(
    events: GroupEvents, first: np.ndarray, last: np.ndarray, as_of: np.ndarray
) -> Iterator[GatheredRows]:
    """Gather the newest visible events of each range `[first, last)`, in batches of rows.

    Scans a window at the end of a range first, and a four times longer one only if that was not enough. So a user with
    ten million events costs no more than another.
    """
    reach, todo = 2 * max_length(events.config), np.arange(len(first))
    while len(todo):
        low = np.maximum(first[todo], last[todo] - reach)
        left = []
        for some in row_batches(last[todo] - low):
            rows = todo[some]
            found, enough = scan_window(events, low[some], last[rows], as_of[rows])
            enough |= low[some] == first[rows]
            yield select_rows(found, enough, rows)
            left.append(rows[~enough])
        todo, reach = np.concatenate(left), 4 * reach


def scan_window(
    events: GroupEvents, low: np.ndarray, last: np.ndarray, as_of: np.ndarray
) -> tuple[GatheredRows, np.ndarray]:
    """Gather what is visible of each range, and whether a longer range would add nothing."""
    histories, config = events.histories, events.config
    place, row = expand_ranges(low, last)
    visible = (visible_from(histories, place) <= as_of[row]) & (events.keys[place] > 0)
    place, row = place[visible], row[visible]
    if config.dedup_seconds:
        fresh = ~repeat_mask(row, events.keys[place], histories.event_ts[place], config)
        place, row = place[fresh], row[fresh]
    count = np.bincount(row, minlength=len(low))
    enough = count > max_length(config)  # one more, since the oldest may repeat the one before it
    if config.max_age_days:
        oldest = as_of - max_age(config)
        enough |= histories.event_ts[low] < oldest - config.dedup_seconds * MICROSECONDS
        young = histories.event_ts[place] >= oldest[row]
        place, row = place[young], row[young]
        count = np.bincount(row, minlength=len(low))
    newest = np.arange(len(row)) >= (np.cumsum(count) - max_length(config))[row]
    return GatheredRows(np.arange(len(low)), place[newest], np.minimum(count, max_length(config))), enough


def select_rows(found: GatheredRows, selected: np.ndarray, rows: np.ndarray) -> GatheredRows:
    """Return the selected rows, renumbered as in `rows`."""
    return GatheredRows(rows[selected], found.places[np.repeat(selected, found.lengths)], found.lengths[selected])


def row_batches(lengths: np.ndarray) -> list[np.ndarray]:
    """Split ranges of these lengths into batches of about PLACES_PER_PASS places."""
    total = np.cumsum(lengths)
    return np.split(
        np.arange(len(lengths)), np.searchsorted(total, np.arange(PLACES_PER_PASS, total[-1], PLACES_PER_PASS))
    )


def repeat_mask(owner: np.ndarray, keys: np.ndarray, ts: np.ndarray, config: GroupConfig) -> np.ndarray:
    """Mark events that repeat the previous one of the same owner within `dedup_seconds`."""
    again = np.zeros(len(keys), bool)
    again[1:] = (owner[1:] == owner[:-1]) & (keys[1:] == keys[:-1])
    again[1:] &= ts[1:] - ts[:-1] <= config.dedup_seconds * MICROSECONDS
    return again


def max_length(config: GroupConfig) -> int:
    """Return the most events that a slice holds."""
    return config.length


def max_age(config: GroupConfig) -> int:
    """Return the age from which events are dropped, in microseconds."""
    return config.max_age_days * SECONDS_PER_DAY * MICROSECONDS
