"""The keys that a batch names -> their rows of a table, each once, and the place of each key among them.

Shapes: M keys as they are named, R rows.
"""

import numpy as np
import torch

from din import device

ROWS_PER_KEY = 16  # up to so many for each key named, a mark for every row of the table is faster than a sort


def unique_rows(named_M: torch.Tensor, table_rows: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Which rows are named, in their order, the place of each key among them, and which place each row stands for:
    None where it is its own."""
    if not device.on_processor(named_M):
        return unique_rows_no_sync(named_M, table_rows)
    if table_rows > ROWS_PER_KEY * len(named_M):
        return *torch.unique(named_M, return_inverse=True), None
    return *unique_rows_bitmap(named_M.numpy(), table_rows), None


def unique_rows_bitmap(named_M: np.ndarray, table_rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    is_named, number = np.zeros(table_rows, bool), np.empty(table_rows, np.int64)
    is_named[named_M] = True
    keys_R = np.flatnonzero(is_named)
    number[keys_R] = np.arange(len(keys_R))
    return torch.from_numpy(keys_R), torch.from_numpy(number[named_M])


def unique_rows_no_sync(named_M: torch.Tensor, table_rows: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """How many rows are named only the device knows, and whoever asks waits for it. So R is as many as may be, and the
    rows beyond the last one repeat it: whatever is worked out for them is worked out for it, and is written over it
    with the same numbers, in any order."""
    rows = min(len(named_M), table_rows)
    is_named = torch.zeros(table_rows, dtype=torch.int64, device=named_M.device).index_fill_(0, named_M, 1)
    place_M = is_named.cumsum(0).index_select(0, named_M) - 1
    stands_R = torch.minimum(torch.arange(rows, device=named_M.device), place_M.max())
    keys_R = named_M.max().expand(rows).clone().index_copy_(0, place_M, named_M)
    return keys_R, place_M, stands_R
