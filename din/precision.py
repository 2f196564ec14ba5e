"""Which numbers the nets compute with: float32, or bfloat16 on a GPU that has it.

Only products of matrices and what lies between them are in bfloat16. Tables, weights, moments, the statistics of Dice,
the sums over a history and the loss stay in float32. A processor has nothing to gain: training in bfloat16 was no
faster there.
"""

from contextlib import AbstractContextManager, nullcontext

import torch

from din.config import Precision

FIRST_WITH_BF16 = (8, 0)  # compute capability of the first NVIDIA cards that multiply bfloat16 in hardware, Ampere


def can_use_bf16(precision: Precision, device: torch.device) -> bool:
    if precision != "auto":
        return precision == "bf16"
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= FIRST_WITH_BF16


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """The forward pass of the nets, within. Where it is float32 nothing is touched."""
    return torch.autocast(device.type, torch.bfloat16) if can_use_bf16(precision, device) else nullcontext()
