"""What Numba compiles for the processor at hand: passes that read and write each number once. Those of activations are
in din/kernels/activation_kernels.py, and those that rank in din/kernels/tiled_ranking.py, over
din/kernels/tiled_mlp.py.

All are of C-contiguous arrays, float32 or float64, and those that rank of float32. Each is compiled where it is first
called, and kept beside its file, or in the user's cache where that cannot be written, until one of these files changes.
Without Numba there are none, and the plain formulas run.

Shapes: N positions, of a block or of all; B examples; R rows of a table of T, M of them that a position takes; D
dimension, H the width of a layer, E of what a position sees by itself.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from din import device

try:
    import numba
    import numba.core.caching
    import numba.extending
except ImportError:
    numba = None

# Sums in any order, a product and a sum in one; but nothing that supposes every number to be finite.
NJIT_OPTIONS: Any = {"nogil": True, "error_model": "numpy", "fastmath": {"reassoc", "contract", "arcp", "nsz"}}
NUMBA_AVAILABLE = numba is not None
ZERO = np.float32(0)  # a plain 0 would have float32 computed in float64


@cache
def source_stamps() -> tuple[tuple[float, int], ...]:
    """Time and size of every file of this package: its kernels call one another."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return tuple((found.st_mtime, found.st_size) for found in (file.stat() for file in files))


def prefer_512_bit() -> None:
    """Where the processor has vectors of 512 bits the pass that says this takes them: for processors of Intel's LLVM
    would keep to 256. Only for passes that are mostly arithmetic."""


if numba is not None:
    void = numba.types.void

    class WhereItCan(numba.core.caching.FunctionCache):
        """Keeps what was compiled; where that cannot be read or written each process compiles anew."""

        def __init__(self, function: Any) -> None:
            super().__init__(function)
            self._cache_file._source_stamp = source_stamps()  # a pass may call those of other files

        def load_overload(self, sig: Any, target_context: Any) -> Any:
            with suppress(OSError):
                return super().load_overload(sig, target_context)

        def save_overload(self, sig: Any, data: Any) -> None:
            with suppress(OSError):
                super().save_overload(sig, data)

    @numba.extending.intrinsic
    def prefer_wide_vectors(_types: Any) -> Any:
        def attribute(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
            set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # llvmlite knows LLVM's own names only
            return context.get_dummy_value()

        return void(), attribute

    @numba.extending.overload(prefer_512_bit, inline="always")
    def _() -> Any:
        return lambda: prefer_wide_vectors()  # pyright: ignore[reportCallIssue]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    if numba is None:
        return function
    found: Any = numba.njit(function, **NJIT_OPTIONS)
    with suppress(RuntimeError, OSError):  # nowhere to keep it, or no file to tell a change by
        found._cache = WhereItCan(function)  # as njit(cache=True) does, whose cache stops at a file it may not read
    return found


def specialize_float32(general: Callable[..., Any], of_float32: Callable[..., Any]) -> None:
    """Passes that call the one with a float32 call the other."""
    if numba is None:
        return
    float32 = numba.types.float32

    @numba.extending.overload(general, jit_options=NJIT_OPTIONS, inline="always")
    def _(x):
        return of_float32 if x == float32 else general


def is_supported(first: torch.Tensor, *others: torch.Tensor) -> bool:
    """Whether the passes can take them all as they are; they are on one device."""
    kind = first.dtype
    if not NUMBA_AVAILABLE or kind not in (torch.float32, torch.float64) or not device.on_processor(first):
        return False
    return first.is_contiguous() and all(each.dtype is kind and each.is_contiguous() for each in others)


def as_numpy(tensor: torch.Tensor) -> np.ndarray:
    """The same memory."""
    return tensor.detach().numpy()


@compiled
def gather_sum(rows_RH, place_NM, out_NH):
    for n in range(place_NM.shape[0]):
        row = place_NM[n, 0]
        for h in range(out_NH.shape[1]):
            out_NH[n, h] = rows_RH[row, h]
        for m in range(1, place_NM.shape[1]):
            row = place_NM[n, m]
            for h in range(out_NH.shape[1]):
                out_NH[n, h] += rows_RH[row, h]


@compiled
def scatter_add(sum_RH, place_N, values_NH):
    for n in range(place_N.shape[0]):
        row = place_N[n]
        for h in range(values_NH.shape[1]):
            sum_RH[row, h] += values_NH[n, h]


@compiled
def pair_features(u_BD, place_N, v_ND, with_v, out_NE):
    """[v, u * v] of each position, or u * v alone."""
    dimension = v_ND.shape[1]
    at = dimension if with_v else 0
    for n in range(place_N.shape[0]):
        row = place_N[n]
        if with_v:
            for d in range(dimension):
                out_NE[n, d] = v_ND[n, d]
        for d in range(dimension):
            out_NE[n, at + d] = u_BD[row, d] * v_ND[n, d]


@compiled
def pair_features_backward(gradient_NE, u_BD, place_N, v_ND, with_v, of_u_BD, of_v_ND):
    """Adds to the gradient of u; gives that of v."""
    dimension = v_ND.shape[1]
    at = dimension if with_v else 0
    for n in range(place_N.shape[0]):
        row = place_N[n]
        for d in range(dimension):
            of_product = gradient_NE[n, at + d]
            of_alone = gradient_NE[n, d] if with_v else ZERO
            of_v_ND[n, d] = of_alone + of_product * u_BD[row, d]
            of_u_BD[row, d] += of_product * v_ND[n, d]


@compiled
def segment_weighted_sum(weights_N, values_ND, place_N, sum_BD):
    for n in range(place_N.shape[0]):
        row = place_N[n]
        for d in range(values_ND.shape[1]):
            sum_BD[row, d] += weights_N[n] * values_ND[n, d]


@compiled
def segment_weighted_sum_backward(gradient_BD, weights_N, values_ND, place_N, of_weights_N, of_values_ND):
    for n in range(place_N.shape[0]):
        row, of_weight = place_N[n], ZERO
        for d in range(values_ND.shape[1]):
            of_weight += gradient_BD[row, d] * values_ND[n, d]
            of_values_ND[n, d] = gradient_BD[row, d] * weights_N[n]
        of_weights_N[n] = of_weight


@compiled
def adam(keys_R, values_RD, gradient_RD, pull_T, first_TD, second_TD, weight_TD, by):
    """Adam on the rows of a table that are named, each pulled towards zero by its own share."""
    of_first, of_second, rate, of_size, eps = by[0], by[1], by[2], by[3], by[4]
    for r in range(keys_R.shape[0]):
        row = keys_R[r]
        pull = pull_T[row, 0]
        for d in range(values_RD.shape[1]):
            gradient = gradient_RD[r, d] + pull * values_RD[r, d]
            first = first_TD[row, d] + of_first * (gradient - first_TD[row, d])
            second = second_TD[row, d] + of_second * (gradient * gradient - second_TD[row, d])
            first_TD[row, d] = first
            second_TD[row, d] = second
            weight_TD[row, d] = values_RD[r, d] - rate * first / (np.sqrt(second / of_size) + eps)
