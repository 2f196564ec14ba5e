"""Dice, PReLU and ReLU over blocks of history positions, in few passes over memory and with the gradient written out.

Shapes: N history positions, n of them in a block, H the width of the layer.
"""

from dataclasses import dataclass, field
from typing import Any

import torch


class InBlocks:
    """An activation function of one layer, and what the gradients of its parameters add up to. Of a layer's positions
    `arrived` sees each block first, `measure` is told when all were there; then comes `value`, and on the way back
    `turn`, `look` at each block, and `gradient`. Where nothing learns `arrived` and `value` are all."""

    over_all = False  # whether value and gradient of a position depend on all others too

    def arrived(self, s_nH: torch.Tensor, rows: slice, /) -> None:
        """Takes from a block, while it is at hand, what `measure` asks for; may put the value in its place."""

    def measure(self) -> None:
        """Takes from all positions what `value` goes by, where it depends on them."""

    def value(self, s_nH: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def value_and(self, s_nH: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """The value again, and what else `look` goes by and may change."""
        raise NotImplementedError

    def turn(self) -> None:
        """Begins the way back: nothing is added up yet."""

    def look(self, gradient_nH: torch.Tensor, s_nH: torch.Tensor, also: Any, /) -> None:
        """From the gradient of the value to that of s, in its place, as far as the block alone says it."""
        raise NotImplementedError

    def gradient(self, gradient_nH: torch.Tensor, _s_nH: torch.Tensor, _rows: slice, /) -> torch.Tensor:
        """The gradient of s of these rows, which may be in the place of what `look` left; by then it has seen all."""
        return gradient_nH

    def of_alpha(self) -> torch.Tensor:
        """The gradient of alpha, [H], once the way back is through."""
        raise NotImplementedError


@dataclass
class ReluInBlocks(InBlocks):
    """Only where s is above zero matters on the way back, so that the value can stand in its place."""

    no_alpha: torch.Tensor

    def arrived(self, s_nH: torch.Tensor, _rows: slice) -> None:
        s_nH.relu_()

    def value(self, s_nH: torch.Tensor) -> torch.Tensor:
        return s_nH

    def value_and(self, s_nH: torch.Tensor) -> tuple[torch.Tensor, None]:
        return s_nH, None

    def look(self, gradient_nH: torch.Tensor, s_nH: torch.Tensor, _: None) -> None:
        torch.ops.aten.threshold_backward.grad_input(gradient_nH, s_nH, 0, grad_input=gradient_nH)

    def of_alpha(self) -> torch.Tensor:
        return self.no_alpha


@dataclass
class PReluInBlocks(InBlocks):
    alpha_H: torch.Tensor

    def value(self, s_nH: torch.Tensor) -> torch.Tensor:
        return self.value_and(s_nH)[0]

    def value_and(self, s_nH: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        below_nH = s_nH.clamp_max(0)
        return torch.addcmul(s_nH, below_nH, self.alpha_H - 1), below_nH

    def turn(self) -> None:
        self.of_alpha_H = torch.zeros_like(self.alpha_H)

    def look(self, gradient_nH: torch.Tensor, s_nH: torch.Tensor, below_nH: torch.Tensor) -> None:
        self.of_alpha_H += column_sums(below_nH.mul_(gradient_nH))
        torch.where(s_nH > 0, gradient_nH, gradient_nH * self.alpha_H, out=gradient_nH)

    def of_alpha(self) -> torch.Tensor:
        return self.of_alpha_H


@dataclass
class DiceInBlocks(InBlocks):
    """By the statistics of these very positions, each of which counts `times_N`, `events` together; or by the running
    ones, where `over_all` is false.

    In fewer passes with t = tanh(z / 2), z = (s - E[s]) / sqrt(Var[s] + eps): p = (1 + t) / 2, so that f = s (m + h t)
    with m = (1 + alpha) / 2 and h = (1 - alpha) / 2, and the gradient of z is that of f times s h (1 - t^2) / 2.
    """

    alpha_H: torch.Tensor
    running_mean_H: torch.Tensor
    running_var_H: torch.Tensor
    eps: float
    momentum: float
    times_N: torch.Tensor
    events: int
    over_all: bool
    about_H: torch.Tensor = field(default_factory=lambda: torch.zeros(0))

    def __post_init__(self) -> None:
        self.normalize_by(self.running_mean_H, self.running_var_H)
        self.middle_H, self.half_H = (1 + self.alpha_H) / 2, (1 - self.alpha_H) / 2

    def normalize_by(self, mean_H: torch.Tensor, var_H: torch.Tensor) -> None:
        self.half_scale_H = torch.rsqrt(var_H + self.eps) / 2
        self.half_shift_H = -mean_H * self.half_scale_H

    def arrived(self, s_nH: torch.Tensor, rows: slice) -> None:
        if not self.over_all:
            return
        if not len(self.about_H):  # sums of what is far from zero would lose digits
            self.about_H = s_nH.mean(0)
            self.total_H, self.square_H = torch.zeros_like(self.about_H), torch.zeros_like(self.about_H)
        off_nH, times_n = s_nH - self.about_H, self.times_N[rows]
        self.total_H += times_n @ off_nH
        self.square_H += times_n @ off_nH.mul_(off_nH)

    def measure(self) -> None:
        """Takes the statistics of these positions, and moves the running ones towards them."""
        off_H = self.total_H / self.events
        mean_H, var_H = self.about_H + off_H, (self.square_H / self.events - off_H**2).clamp_min_(0)
        self.normalize_by(mean_H, var_H)
        self.running_mean_H.lerp_(mean_H, self.momentum)
        self.running_var_H.lerp_(var_H * (self.events / (self.events - 1)), self.momentum)

    def value(self, s_nH: torch.Tensor) -> torch.Tensor:
        t_nH = torch.addcmul(self.half_shift_H, s_nH, self.half_scale_H).tanh_()
        return torch.addcmul(self.middle_H, t_nH, self.half_H, out=t_nH).mul_(s_nH)

    def value_and(self, s_nH: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """With it z / 2, t and f / s."""
        half_z_nH = torch.addcmul(self.half_shift_H, s_nH, self.half_scale_H)
        t_nH = torch.tanh(half_z_nH)
        slope_nH = torch.addcmul(self.middle_H, t_nH, self.half_H)
        return slope_nH * s_nH, (half_z_nH, t_nH, slope_nH)

    def turn(self) -> None:
        self.sums_3H = self.alpha_H.new_zeros(3, len(self.alpha_H))

    def look(self, gradient_nH: torch.Tensor, s_nH: torch.Tensor, also: tuple[torch.Tensor, ...]) -> None:
        half_z_nH, t_nH, slope_nH = also
        of_slope_nH = gradient_nH * s_nH
        of_slope_nH.addcmul_(of_slope_nH, t_nH, value=-1)
        self.sums_3H[0] += column_sums(of_slope_nH)
        of_slope_nH.addcmul_(of_slope_nH, t_nH)  # that of t, but for h
        self.sums_3H[1] += column_sums(of_slope_nH)
        self.sums_3H[2] += column_sums(half_z_nH.mul_(of_slope_nH))
        gradient_nH.mul_(slope_nH).addcmul_(of_slope_nH, self.half_H * self.half_scale_H)

    def of_alpha(self) -> torch.Tensor:
        return self.sums_3H[0] / 2

    def gradient(self, gradient_nH: torch.Tensor, s_nH: torch.Tensor, rows: slice) -> torch.Tensor:
        """What mean and variance say of each position: of z, minus the mean over all events of the gradients of z, and
        minus z times the mean of those times z."""
        if not self.over_all:
            return gradient_nH
        scale_H = 2 * self.half_scale_H
        of_z_H, times_z_H = self.sums_3H[1] * (self.half_H / 2), self.sums_3H[2] * self.half_H
        by_s_H = times_z_H * scale_H**2
        of_each_nH = torch.addcmul((of_z_H + times_z_H * 2 * self.half_shift_H) * scale_H, s_nH, by_s_H)
        return gradient_nH.addcmul_(of_each_nH, self.times_N[rows, None], value=-1 / self.events)


def column_sums(values_nH: torch.Tensor) -> torch.Tensor:
    """As a product with ones, which is several times faster than a sum over rows."""
    return values_nH.new_ones(len(values_nH)) @ values_nH
