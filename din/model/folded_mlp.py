"""A net that learns no longer, which is what ranks: the same values in fewer passes over memory.

What an activation multiplies its input and its value by is put into the linear layers around it. A position is a column
here, so that a product of matrices fills its vectors however narrow the layer is. On a processor
din/kernels/tiled_mlp.py goes through such nets.

Shapes: G users, K candidates and T history items of each; H the width of a layer.
"""

from typing import TYPE_CHECKING

import torch
from torch import nn

from din.kernels.tiled_mlp import DICE, NEG_LOG2_E, PRELU, RELU

if TYPE_CHECKING:
    from din.model.activations import Dice, PReLU, ReLU

LEAST_REST = 2e-6  # of what Dice in evaluation divides by; alpha is within that of what it was


class FoldedActivation:
    """An activation that is `after_H` times `value` of `before_H` times what goes into it, where both may be one number
    for all. What goes in, [G, H, T, K], still lacks its bias, [G, H, T], and is lost."""

    kind: int

    def __init__(self, before_H: torch.Tensor, after_H: torch.Tensor) -> None:
        self.before_H, self.after_H = before_H, after_H
        self.settings_2H = before_H.new_zeros(2, 1)  # what din/kernels/tiled_mlp.py has to know of it

    def value(self, s_GHTK: torch.Tensor, bias_GHT: torch.Tensor) -> torch.Tensor:
        """[G, H, T, K], where what went in was or elsewhere."""
        raise NotImplementedError


class FoldedReLU(FoldedActivation):
    kind = RELU

    def value(self, s_GHTK: torch.Tensor, bias_GHT: torch.Tensor) -> torch.Tensor:
        return add_bias_(s_GHTK, bias_GHT).relu_()


class FoldedPReLU(FoldedActivation):
    kind = PRELU

    def __init__(self, alpha_H: torch.Tensor) -> None:
        super().__init__(alpha_H.new_ones(1), alpha_H.new_ones(1))
        self.alpha_H = alpha_H
        self.settings_2H = alpha_H.expand(2, -1)

    def value(self, s_GHTK: torch.Tensor, bias_GHT: torch.Tensor) -> torch.Tensor:
        return torch.prelu(add_bias_(s_GHTK, bias_GHT), self.alpha_H.to(s_GHTK.dtype))


class FoldedDice(FoldedActivation):
    """By the running statistics: f = s (alpha + (1 - alpha) p), p = sigmoid(z). With s scaled so that it is z but for
    the mean, and f divided by 1 - alpha, s (alpha / (1 - alpha) + p) is left."""

    kind = DICE

    def __init__(self, mean_H: torch.Tensor, scale_H: torch.Tensor, alpha_H: torch.Tensor) -> None:
        rest_H = 1 - alpha_H
        rest_H = torch.where(rest_H.abs() < LEAST_REST, LEAST_REST, rest_H)
        super().__init__(scale_H, rest_H / scale_H)
        self.shift_H, self.ratio_H = -mean_H * scale_H, alpha_H / rest_H
        self.settings_2H = torch.stack([self.shift_H * float(NEG_LOG2_E), self.ratio_H])

    def value(self, s_GHTK: torch.Tensor, bias_GHT: torch.Tensor) -> torch.Tensor:
        p_GHTK = (add_bias_(s_GHTK, bias_GHT) + self.shift_H[:, None, None]).sigmoid_()
        return s_GHTK.mul_(p_GHTK.add_(self.ratio_H[:, None, None]))


def add_bias_(s_GHTK: torch.Tensor, bias_GHT: torch.Tensor) -> torch.Tensor:
    return s_GHTK.add_(bias_GHT[..., None])


class FoldedMLP:
    """The layers after the first. What goes in has to be `before_H` times what the first layer gives."""

    def __init__(self, layers: "list[tuple[Dice | PReLU | ReLU, nn.Linear]]") -> None:
        self.settled = [activation.settled() for activation, _ in layers]
        linears = [linear for _, linear in layers]
        self.before_H = self.settled[0].before_H
        befores = [*(of.before_H for of in self.settled[1:]), linears[-1].weight.new_ones(1)]
        weights = [
            before_H[:, None] * linear.weight * of.after_H
            for of, linear, before_H in zip(self.settled, linears, befores, strict=True)
        ]
        *self.weights, (self.last_H,) = weights
        *biases, self.last_bias = (before_H * linear.bias for linear, before_H in zip(linears, befores, strict=True))
        self.biases = [bias_H[:, None] for bias_H in biases]

    def __call__(self, s_GHTK: torch.Tensor, bias_GHT: torch.Tensor) -> torch.Tensor:
        """[G, T, K] of what the first layer gives but for this bias. What went in is lost."""
        users, _, items, candidates = s_GHTK.shape
        for activation, weight, bias_H1 in zip(self.settled, self.weights, self.biases, strict=False):
            value_GHM = activation.value(s_GHTK, bias_GHT).view(users, -1, items * candidates)
            s_GHTK = torch.bmm(weight.expand(users, -1, -1), value_GHM)[:, :, None]
            bias_GHT = bias_H1.expand(users, -1, -1).contiguous()
        sum_GTK = torch.einsum("h,ghtk->gtk", self.last_H, self.settled[-1].value(s_GHTK, bias_GHT))
        return sum_GTK.add_(self.last_bias).view(users, items, candidates)
