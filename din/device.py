"""Which device there is, and which way of working suits it.

On a processor work is cut into blocks that stay in the cache, and looking at a result costs nothing. On a GPU work is
in few large steps, and whoever looks at a result waits for all that was asked before.
"""

import torch


def pick_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def on_processor(tensor: torch.Tensor) -> bool:
    return tensor.device.type == "cpu"
