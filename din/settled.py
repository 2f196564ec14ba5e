"""A net that learns no longer, which is what ranks: the same values in fewer passes over memory.

A position is a column here, so that what an activation has of each of a layer's numbers is one number for a whole row,
and a product of matrices fills its vectors however narrow the layer is. What an activation multiplies its input and its
value by is put into the linear layers around it.

Shapes: G users, M positions of each; H the width of a layer.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn

if TYPE_CHECKING:
    from din.activations import Dice, PRelu, Relu

POSITIONS_IN_CACHE = 1 << 12  # of a layer of 80 1.3 MB


class Settled(NamedTuple):
    """An activation is `after_H` times `value` of `before_H` times what goes into it, where both may be one number for
    all. `value` takes [G, H, M], and may put its result in that place."""

    before_H: torch.Tensor
    value: Callable[[torch.Tensor], torch.Tensor]
    after_H: torch.Tensor


class Net:
    """The layers after the first. What goes in has to be `before_H` times what the first layer gives."""

    def __init__(self, layers: "list[tuple[Dice | PRelu | Relu, nn.Linear]]") -> None:
        settled = [activation.settled() for activation, _ in layers]
        linears = [linear for _, linear in layers]
        self.before_H = settled[0].before_H
        befores = [*(of.before_H for of in settled[1:]), linears[-1].weight.new_ones(1)]
        self.layers = [
            (of.value, before_H[:, None] * linear.weight * of.after_H, (before_H * linear.bias)[:, None])
            for of, linear, before_H in zip(settled, linears, befores, strict=True)
        ]

    def __call__(self, s_GHM: torch.Tensor) -> torch.Tensor:
        """[G, M]. What went in is lost. On a processor fastest where it stays in the cache."""
        for value, weight, bias in self.layers:
            # a bias after its product: one that adds copies first what it adds to
            s_GHM = torch.bmm(weight.expand(len(s_GHM), -1, -1), value(s_GHM)).add_(bias)
        return s_GHM.squeeze(1)
