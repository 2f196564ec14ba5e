"""Operations over many ranges of one array at once; the events of each user are such a range."""

from itertools import pairwise
from typing import Literal

import numpy as np

VALUES_PER_PASS = 1 << 17  # eight bytes each, in a few arrays


def segmented_searchsorted(
    values: np.ndarray, low: np.ndarray, high: np.ndarray, target: np.ndarray, side: Literal["left", "right"]
) -> np.ndarray:
    """Run np.searchsorted for each target within its own range `[low, high)`.

    Returns the first place whose value is not smaller than the target ('left') or greater ('right'), or `high` if there
    is none. int64 [X]
    """
    low, high = low.astype(np.int64), high.astype(np.int64)
    while (open_ := np.flatnonzero(low < high)).size:
        middle = (low[open_] + high[open_]) // 2
        found = values[middle] < target[open_] if side == "left" else values[middle] <= target[open_]
        low[open_[found]] = middle[found] + 1
        high[open_[~found]] = middle[~found]
    return low


def expand_ranges(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return every place of some ranges, range by range, and the number of its range."""
    lengths = end - start
    row = np.repeat(np.arange(len(start)), lengths)
    return np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths - start, lengths), row


def running_max_min(values: np.ndarray, owner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the maximum of each owner's values so far, and the minimum from here on.

    int64 [N] each. The values of an owner, int [N], are consecutive. The owner's number is in the bits above the value,
    so one pass handles many owners. A pass takes owners that fit in a processor's cache.
    """
    running_max, running_min = np.empty_like(values), np.empty_like(values)
    if not len(values):
        return running_max, running_min
    begin = values.min()
    bits = int(values.max() - begin).bit_length()
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    at_once = min(VALUES_PER_PASS, 1 << (61 - bits))
    cuts = np.unique(np.searchsorted(starts, np.arange(0, len(values), at_once)))
    for low, high in pairwise([*cuts[cuts < len(starts)], len(starts)]):
        edges = np.append(starts[low:high], starts[high] if high < len(starts) else len(values))
        run = slice(edges[0], edges[-1])
        shifted = np.repeat(np.arange(high - low, dtype=np.int64) << bits, np.diff(edges))
        shifted += values[run] - begin
        running_max[run] = (np.maximum.accumulate(shifted) & ((1 << bits) - 1)) + begin
        running_min[run] = (np.minimum.accumulate(shifted[::-1])[::-1] & ((1 << bits) - 1)) + begin
    return running_max, running_min
