"""Between examples and their histories: a row for each position, and the sum of positions for each example.

On a GPU the sums run over each example's positions in their order. torch's own scatter there adds in the order in which
threads come by, so that two trainings differ in their last bits, and the gradient of its gather sorts all positions
first. Both need only what a batch promises anyway: positions lie end to end, in the order of their examples. On a
processor torch's own are as they should be.

Shapes: B examples, N positions, D any width.
"""

from typing import Any

import torch

from din import device


def spread_over(rows_BD: torch.Tensor, example_N: torch.Tensor) -> torch.Tensor:
    """The row of its example for each position, [N, D]."""
    return rows_BD[example_N] if device.on_processor(rows_BD) else Spread.apply(rows_BD, example_N)


def summed(values_ND: torch.Tensor, example_N: torch.Tensor, examples: int) -> torch.Tensor:
    """The sum of each example's positions, [B, D] (or [B] of [N]), in float32 or better; zero where it has none."""
    if device.on_processor(values_ND):
        return values_ND.new_zeros(examples, *values_ND.shape[1:]).index_add(0, example_N, values_ND)
    return Sum.apply(values_ND, example_N, examples)


class Spread(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows_BD: torch.Tensor, example_N: torch.Tensor) -> torch.Tensor:
        ctx.examples = len(rows_BD)
        ctx.save_for_backward(example_N)
        return rows_BD.index_select(0, example_N)

    @staticmethod
    def backward(ctx: Any, *of_values_ND: torch.Tensor) -> Any:
        (example_N,) = ctx.saved_tensors
        return ordered_sum(of_values_ND[0], example_N, ctx.examples).to(of_values_ND[0].dtype), None


class Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values_ND: torch.Tensor, example_N: torch.Tensor, examples: int) -> torch.Tensor:
        ctx.dtype = values_ND.dtype
        ctx.save_for_backward(example_N)
        return ordered_sum(values_ND, example_N, examples)

    @staticmethod
    def backward(ctx: Any, *of_sum_BD: torch.Tensor) -> Any:
        (example_N,) = ctx.saved_tensors
        return of_sum_BD[0].to(ctx.dtype).index_select(0, example_N), None, None


def ordered_sum(values_ND: torch.Tensor, example_N: torch.Tensor, examples: int) -> torch.Tensor:
    """Narrower numbers than float32 are widened first."""
    if not len(values_ND):  # torch divides by their number
        return torch.zeros(examples, *values_ND.shape[1:], device=values_ND.device)
    wide_ND = values_ND.float() if values_ND.itemsize < torch.float32.itemsize else values_ND
    edges = torch.arange(examples + 1, device=example_N.device)
    offsets = torch.searchsorted(example_N, edges)
    # unsafe: without a look at the offsets, which would wait for the device
    return torch.segment_reduce(wide_ND.contiguous(), "sum", offsets=offsets, axis=0, unsafe=True, initial=0)
