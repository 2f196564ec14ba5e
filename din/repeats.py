"""Events that the activation unit sees alike are one position, which counts for all of them.

People buy the same again, and visit a shop for ten goods at once: the unit would give each of those events the same
weight.

Shapes: N history positions, M of them that differ.
"""

import torch

from din import device
from din.batches import JaggedHistory


def that_differ(history: JaggedHistory, step_N: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    """One position of all that are alike in example, step, key and category, and how many those are, [M] each; in the
    order of their examples. `step_N` is what else tells positions apart, if anything does."""
    number_N = history.example_N
    for column_N in (step_N, history.keys_N, history.categories_N):
        if column_N is not None and len(column_N):
            number_N = number_N * (column_N.max() + 1) + column_N
    order_N = order_of(number_N)
    number_N = number_N[order_N]
    is_first_N = torch.ones_like(number_N, dtype=torch.bool)
    is_first_N[1:] = number_N[1:] != number_N[:-1]
    first_M = is_first_N.nonzero().squeeze(1)
    return order_N[first_M], torch.diff(first_M, append=first_M.new_tensor([len(number_N)]))


def order_of(number_N: torch.Tensor) -> torch.Tensor:
    """As argsort gives it; on a processor by numpy's, which takes half the time."""
    return torch.from_numpy(number_N.numpy().argsort()) if device.on_processor(number_N) else number_N.argsort()


def told_once(history: JaggedHistory, step_N: torch.Tensor | None) -> JaggedHistory:
    """The history with what is alike told once, and in `times_N` how often it was."""
    chosen_M, times_M = that_differ(history, step_N)
    categories_N = history.categories_N
    return JaggedHistory(
        history.keys_N[chosen_M],
        history.example_N[chosen_M],
        history.age_N[chosen_M],
        None if categories_N is None else categories_N[chosen_M],
        times_M.float(),
    )
