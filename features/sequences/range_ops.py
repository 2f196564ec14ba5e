"""Many ranges of one array at once: each user's events are such a range, each moment asks within one."""

from itertools import pairwise
from typing import Literal

import numpy as np

VALUES_PER_PASS = 1 << 17  # eight bytes each, a few times over


def segmented_searchsorted(
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


def expand_ranges(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every place of some ranges, range by range, and which range it is of."""
    lengths = end - start
    row = np.repeat(np.arange(len(start)), lengths)
    return np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths - start, lengths), row


def running_max_min(values: np.ndarray, owner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each value the greatest of its owner so far, and the smallest of its owner from here on. int64 [N] each; the
    values of an owner, int [N], stand together.

    The owner's place stands in the bits above the value, so that one pass does for many owners, in runs of owners that
    fit in a processor's cache.
    """
    so_far, to_come = np.empty_like(values), np.empty_like(values)
    if not len(values):
        return so_far, to_come
    begin = values.min()
    bits = int(values.max() - begin).bit_length()
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    at_once = min(VALUES_PER_PASS, 1 << (61 - bits))
    cuts = np.unique(np.searchsorted(starts, np.arange(0, len(values), at_once)))
    for low, high in pairwise([*cuts[cuts < len(starts)], len(starts)]):
        edges = np.append(starts[low:high], starts[high] if high < len(starts) else len(values))
        run = slice(edges[0], edges[-1])
        tall = np.repeat(np.arange(high - low, dtype=np.int64) << bits, np.diff(edges))
        tall += values[run] - begin
        so_far[run] = (np.maximum.accumulate(tall) & ((1 << bits) - 1)) + begin
        to_come[run] = (np.minimum.accumulate(tall[::-1])[::-1] & ((1 << bits) - 1)) + begin
    return so_far, to_come
