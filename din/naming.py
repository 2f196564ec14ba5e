"""The keys that a batch names -> their rows of a table, each once, and the place of each key among them.

Shapes: M keys as they are named, R rows.
"""

import torch

from din import device


def numbered(named_M: torch.Tensor, table_rows: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Which rows are named, in their order, the place of each key among them, and which place each row stands for:
    None where it is its own."""
    if device.on_processor(named_M):
        return *torch.unique(named_M, return_inverse=True), None
    return numbered_without_waiting(named_M, table_rows)


def numbered_without_waiting(named_M: torch.Tensor, table_rows: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """How many rows are named only the device knows, and whoever asks waits for it. So R is as many as may be, and the
    rows beyond the last one repeat it: whatever is worked out for them is worked out for it, and is written over it
    with the same numbers, in any order."""
    rows = min(len(named_M), table_rows)
    is_named = torch.zeros(table_rows, dtype=torch.int64, device=named_M.device).index_fill_(0, named_M, 1)
    place_M = is_named.cumsum(0).index_select(0, named_M) - 1
    stands_R = torch.minimum(torch.arange(rows, device=named_M.device), place_M.max())
    keys_R = named_M.max().expand(rows).clone().index_copy_(0, place_M, named_M)
    return keys_R, place_M, stands_R
