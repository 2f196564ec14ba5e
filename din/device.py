"""Which device there is, and which way of working suits it.

On a processor work is cut into blocks that stay in the cache, and looking at a result costs nothing. On a GPU work is
in few large steps, and whoever looks at a result waits for all that was asked before.
"""

from collections.abc import Iterator

import torch


def pick_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def on_processor(tensor: torch.Tensor) -> bool:
    return tensor.device.type == "cpu"


def blocks(rows: int, of_a_block: int) -> Iterator[slice]:
    for start in range(0, rows, of_a_block):
        yield slice(start, min(start + of_a_block, rows))
