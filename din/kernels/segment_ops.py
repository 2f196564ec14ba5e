"""Between examples and their histories: a row for each position, and the sum of positions for each example.

On a GPU the sums run over each example's positions in their order. torch's own scatter there adds in the order in which
threads come by, so that two trainings differ in their last bits, and the gradient of its gather sorts all positions
first. Both need only what a batch promises anyway: positions lie end to end, in the order of their examples. On a
processor torch's own are as they should be, but for the gradient of rows of a table, which din/kernels/numba_ops.py
adds.

Shapes: B examples, N positions, D any width.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional

from din import device
from din.kernels import numba_ops


def check_segment_ids(example_N: torch.Tensor, examples: int) -> None:
    """Raises IndexError where a position is of an example that is not there: a compiled pass would not look. On a GPU
    nothing, where whoever looks waits."""
    if len(example_N) and device.on_processor(example_N):
        first, last = (int(example) for example in example_N.aminmax())
        if first < 0 or last >= examples:
            raise IndexError(f"history items are of examples {first} to {last}, and there are {examples}, from 0 on")


def expand_segments(rows_BD: torch.Tensor, example_N: torch.Tensor) -> torch.Tensor:
    """The row of its example for each position, [N, D]."""
    return rows_BD[example_N] if device.on_processor(rows_BD) else GatherRows.apply(rows_BD, example_N)


def gather_rows(rows_RD: torch.Tensor, place_N: torch.Tensor) -> torch.Tensor:
    """Rows of a table, [N, D]. On a processor their gradients are added in one pass."""
    return GatherRows.apply(rows_RD, place_N) if numba_ops.is_supported(rows_RD) else rows_RD.index_select(0, place_N)


def segment_sum(values_ND: torch.Tensor, example_N: torch.Tensor, examples: int) -> torch.Tensor:
    """The sum of each example's positions, [B, D] (or [B] of [N]), in float32 or better; zero where it has none."""
    if device.on_processor(values_ND):
        return values_ND.new_zeros(examples, *values_ND.shape[1:]).index_add(0, example_N, values_ND)
    return SegmentSum.apply(values_ND, example_N, examples)


class GatherRows(torch.autograd.Function):
    """On a GPU the places are in order."""

    @staticmethod
    def forward(ctx: Any, rows_RD: torch.Tensor, place_N: torch.Tensor) -> torch.Tensor:
        ctx.rows = len(rows_RD)
        ctx.save_for_backward(place_N)
        return rows_RD.index_select(0, place_N)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *of_values_ND: torch.Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        (place_N,), (gradient_ND,) = ctx.saved_tensors, of_values_ND
        if not device.on_processor(gradient_ND):
            return deterministic_segment_sum(gradient_ND, place_N, ctx.rows).to(gradient_ND.dtype), None
        of_rows_RD = gradient_ND.new_zeros(ctx.rows, gradient_ND.shape[1])
        numba_ops.scatter_add(of_rows_RD.numpy(), place_N.numpy(), gradient_ND.contiguous().numpy())
        return of_rows_RD, None


class SegmentSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values_ND: torch.Tensor, example_N: torch.Tensor, examples: int) -> torch.Tensor:
        ctx.dtype = values_ND.dtype
        ctx.save_for_backward(example_N)
        return deterministic_segment_sum(values_ND, example_N, examples)

    @staticmethod
    def backward(ctx: Any, *of_sum_BD: torch.Tensor) -> Any:
        (example_N,) = ctx.saved_tensors
        return of_sum_BD[0].to(ctx.dtype).index_select(0, example_N), None, None


def deterministic_segment_sum(values_ND: torch.Tensor, example_N: torch.Tensor, examples: int) -> torch.Tensor:
    """Narrower numbers than float32 are widened first."""
    if not len(values_ND):  # torch divides by their number
        return torch.zeros(examples, *values_ND.shape[1:], device=values_ND.device)
    wide_ND = values_ND.float() if values_ND.itemsize < torch.float32.itemsize else values_ND
    offsets = segment_offsets(example_N, examples)
    # unsafe: without a look at the offsets, which would wait for the device
    return torch.segment_reduce(wide_ND.contiguous(), "sum", offsets=offsets, axis=0, unsafe=True, initial=0)


def segment_offsets(example_N: torch.Tensor, examples: int) -> torch.Tensor:
    """Where the positions of each example begin, and where the last ends, [B + 1]; positions are by example."""
    return torch.searchsorted(example_N, torch.arange(examples + 1, device=example_N.device))


def concat_tables(tables: Sequence[torch.Tensor], places: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Tables as one, and in it the places [N] of each in the columns of [N, M]."""
    first = [0, *accumulate(len(table) for table in tables[:-1])]
    return torch.cat(list(tables)), torch.stack(
        [place_N + at for place_N, at in zip(places, first, strict=True)], dim=1
    )


def embedding_bag(rows_RD: torch.Tensor, place_NM: torch.Tensor, nothing: int | None = None) -> torch.Tensor:
    """The sum of the M rows at these places, [N, D]; in one pass over memory. The place `nothing` adds nothing."""
    return functional.embedding_bag(place_NM, rows_RD, mode="sum", padding_idx=nothing)
