"""Events that the activation unit sees alike are one position, which counts for all of them.

People buy the same again, and visit a shop for ten goods at once: the unit would give each of those events the same
weight.

Shapes: N history positions, M of them that differ.
"""

import numpy as np
import torch

from din import device
from din.data.batch import JaggedHistory


def unique_positions(history: JaggedHistory, step_N: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    """One position of all that are alike in example, step, key and category, and how many those are, [M] each; in the
    order of their examples. `step_N` is what else tells positions apart, if anything does."""
    number_N = history.example_N
    if not len(number_N):
        return number_N, number_N
    for column_N in (step_N, history.keys_N, history.categories_N):
        if column_N is not None and len(column_N):
            number_N = number_N * (column_N.max() + 1) + column_N
    first_M, chosen_M = first_occurrences(number_N)
    return chosen_M, torch.diff(first_M, append=first_M.new_tensor([len(number_N)]))


def first_occurrences(number_N: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Where each number, none of them below zero, comes first when they are sorted, and where it came first before. On
    a processor each is sorted with its place in the lower bits, where those fit, which is faster."""
    bits = len(number_N).bit_length()
    if not device.on_processor(number_N) or int(number_N.max()) >= 1 << (63 - bits):
        return first_in_order(number_N)
    with_place_N = np.sort((number_N.numpy() << bits) | np.arange(len(number_N)))
    first_M = np.flatnonzero(np.diff(with_place_N >> bits, prepend=-1))
    return torch.from_numpy(first_M), torch.from_numpy(with_place_N[first_M] & ((1 << bits) - 1))


def first_in_order(number_N: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    number_N, order_N = torch.sort(number_N, stable=True)
    is_first_N = torch.ones_like(number_N, dtype=torch.bool)
    is_first_N[1:] = number_N[1:] != number_N[:-1]
    first_M = is_first_N.nonzero().squeeze(1)
    return first_M, order_N[first_M]


def dedup_history(history: JaggedHistory, step_N: torch.Tensor | None) -> JaggedHistory:
    """The history with what is alike told once, and in `times_N` how often it was."""
    chosen_M, times_M = unique_positions(history, step_N)
    categories_N = history.categories_N
    return JaggedHistory(
        history.keys_N.index_select(0, chosen_M),
        history.example_N.index_select(0, chosen_M),
        history.age_N.index_select(0, chosen_M),
        None if categories_N is None else categories_N.index_select(0, chosen_M),
        times_M.float(),
    )
