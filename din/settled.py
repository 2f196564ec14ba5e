"""A net that learns no longer, which is what ranks: the same values in fewer passes over memory.

A position is a column here, so that what an activation has of each of a layer's numbers is one number for a whole row,
and a product of matrices fills its vectors however narrow the layer is. What an activation multiplies its input and its
value by is put into the linear layers around it.

Shapes: G users, M positions of each; H the width of a layer.
"""

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from din import activation_passes, compiled

if TYPE_CHECKING:
    from din.activations import Dice, PRelu, Relu

LEAST_HALF = 1e-6  # of what Dice in evaluation divides by; alpha is within twice that of what it was
STEEP = 2 / math.log(2)  # e^2x is 2 to the power of x times that
POSITIONS_IN_CACHE = 1 << 12  # of a layer of 80 1.3 MB


class Settled:
    """An activation that is `after_H` times `value` of `before_H` times what goes into it, where both may be one number
    for all. What goes in, [G, H, M], may still lack its bias, [H]; it is lost."""

    def __init__(self, before_H: torch.Tensor, after_H: torch.Tensor) -> None:
        self.before_H, self.after_H = before_H, after_H

    def value(self, s_GHM: torch.Tensor, bias_H: torch.Tensor | None) -> torch.Tensor:
        """[G, H, M], where what went in was or elsewhere."""
        raise NotImplementedError

    def summed(self, s_GHM: torch.Tensor, bias_H: torch.Tensor | None, weight_H: torch.Tensor) -> torch.Tensor:
        """The weighted sum of the values of each position, [G, M]."""
        return (weight_H @ self.value(s_GHM, bias_H)).view(len(s_GHM), -1)


class SettledRelu(Settled):
    def value(self, s_GHM: torch.Tensor, bias_H: torch.Tensor | None) -> torch.Tensor:
        return biased(s_GHM, bias_H).relu_()


class SettledPRelu(Settled):
    def __init__(self, alpha_H: torch.Tensor) -> None:
        super().__init__(alpha_H.new_ones(1), alpha_H.new_ones(1))
        self.alpha_H = alpha_H

    def value(self, s_GHM: torch.Tensor, bias_H: torch.Tensor | None) -> torch.Tensor:
        return torch.prelu(biased(s_GHM, bias_H), self.alpha_H.to(s_GHM.dtype))


class SettledDice(Settled):
    """By the running statistics: f = s (m + h t), t = tanh(z / 2), m = (1 + alpha) / 2 and h = (1 - alpha) / 2. With s
    scaled so that it is z / 2 but for the mean, and f divided by h, s (m / h + t) is left."""

    def __init__(self, mean_H: torch.Tensor, scale_H: torch.Tensor, alpha_H: torch.Tensor) -> None:
        half_H = (1 - alpha_H) / 2
        half_H = torch.where(half_H.abs() < LEAST_HALF, LEAST_HALF, half_H)
        super().__init__(scale_H / 2, half_H / (scale_H / 2))
        self.shift_H, self.ratio_H = -mean_H * scale_H / 2, (1 + alpha_H) / 2 / half_H
        self.no_bias_H = torch.zeros_like(alpha_H)

    def value(self, s_GHM: torch.Tensor, bias_H: torch.Tensor | None) -> torch.Tensor:
        if compiled.fit(s_GHM, self.shift_H):
            activation_passes.settled_dice(*self.given(s_GHM, bias_H))
            return s_GHM
        t_GHM = (biased(s_GHM, bias_H) + self.shift_H[:, None]).tanh_()
        return s_GHM.mul_(t_GHM.add_(self.ratio_H[:, None]))

    def summed(self, s_GHM: torch.Tensor, bias_H: torch.Tensor | None, weight_H: torch.Tensor) -> torch.Tensor:
        if not compiled.fit(s_GHM, weight_H):
            return super().summed(s_GHM, bias_H, weight_H)
        sum_GM = s_GHM.new_zeros(len(s_GHM), s_GHM.shape[2])
        activation_passes.settled_dice_summed(
            *self.given(s_GHM, bias_H), compiled.array(weight_H), compiled.array(sum_GM)
        )
        return sum_GM

    def given(self, s_GHM: torch.Tensor, bias_H: torch.Tensor | None) -> tuple[Any, ...]:
        bias_H = self.no_bias_H if bias_H is None else bias_H
        arrays = [compiled.array(each) for each in (s_GHM, bias_H, self.shift_H, self.ratio_H)]
        return *arrays, arrays[0].dtype.type(STEEP)


def biased(s_GHM: torch.Tensor, bias_H: torch.Tensor | None) -> torch.Tensor:
    return s_GHM if bias_H is None else s_GHM.add_(bias_H[:, None])


class Net:
    """The layers after the first. What goes in has to be `before_H` times what the first layer gives."""

    def __init__(self, layers: "list[tuple[Dice | PRelu | Relu, nn.Linear]]") -> None:
        self.settled = [activation.settled() for activation, _ in layers]
        linears = [linear for _, linear in layers]
        self.before_H = self.settled[0].before_H
        befores = [*(of.before_H for of in self.settled[1:]), linears[-1].weight.new_ones(1)]
        self.weights = [
            before_H[:, None] * linear.weight * of.after_H
            for of, linear, before_H in zip(self.settled, linears, befores, strict=True)
        ]
        self.biases = [None, *(before_H * linear.bias for linear, before_H in zip(linears, befores, strict=True))]

    def __call__(self, s_GHM: torch.Tensor) -> torch.Tensor:
        """[G, M]. What went in is lost. On a processor fastest where it stays in the cache."""
        *through, last = zip(self.settled, self.biases, self.weights, strict=False)
        for (
            activation,
            bias_H,
            weight,
        ) in through:  # a bias after its product: one that adds copies first what it adds to
            s_GHM = torch.bmm(weight.expand(len(s_GHM), -1, -1), activation.value(s_GHM, bias_H))
        activation, bias_H, weight = last
        return activation.summed(s_GHM, bias_H, weight[0]).add_(self.biases[-1])
