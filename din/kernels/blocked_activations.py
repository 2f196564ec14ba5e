"""Dice, PReLU and ReLU over blocks of history positions, in one pass over memory each way, with the gradient written
out (din/kernels/activation_kernels.py).

Shapes: N history positions, n of them in a block, H the width of the layer.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from din.kernels import activation_kernels

LOG2_E = 1 / math.log(2)


class BlockedActivation:
    """An activation of one layer with the bias of what goes in, and what the gradients of both add up to. Of a layer's
    positions `arrived` sees each block first, `measure` is told when all were there; then comes `value`, and on the way
    back `turn`, `look` at each block, and `gradient`. Where nothing learns `arrived` and `value` are all.

    All is in NumPy's arrays; `value_nH` is where the value is to be put."""

    over_all = False  # whether value and gradient of a position depend on all others too

    def __init__(self, alpha_H: torch.Tensor, bias_H: torch.Tensor) -> None:
        self.alpha_H, self.bias_H = alpha_H.detach().numpy(), bias_H.detach().numpy()

    def arrived(self, s_nH: np.ndarray, _rows: slice, /) -> None:
        """Adds the bias; takes from a block, while it is at hand, what `measure` asks for; may put the value in its
        place."""
        activation_kernels.add_bias(s_nH, self.bias_H)

    def measure(self) -> None:
        """Takes from all positions what `value` goes by, where it depends on them."""

    def value(self, s_nH: np.ndarray, value_nH: np.ndarray, /) -> np.ndarray:
        """The value, there or elsewhere."""
        raise NotImplementedError

    def turn(self) -> None:
        """Begins the way back: nothing is added up yet."""
        self.of_bias_H, self.of_alpha_H = np.zeros(len(self.bias_H)), np.zeros(len(self.alpha_H))

    def look(self, s_nH: np.ndarray, gradient_nH: np.ndarray, value_nH: np.ndarray, /) -> np.ndarray:
        """From the gradient of the value to that of s, in its place, as far as the block alone says it; gives the value
        again."""
        raise NotImplementedError

    def gradient(self, s_nH: np.ndarray, gradient_nH: np.ndarray, rows: slice, /) -> None:
        """To the gradient of s of these rows, in the place of what `look` left; by then it has seen all."""

    def of_parameters(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The gradients of bias and alpha, [H] each, once the way back is through."""
        return self.of_its_kind(self.of_bias_H), self.of_its_kind(self.of_alpha_H)

    def of_its_kind(self, sum_H: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(sum_H.astype(self.bias_H.dtype))


class BlockedReLU(BlockedActivation):
    """Only where s is above zero matters on the way back, so that the value can stand in its place."""

    def arrived(self, s_nH: np.ndarray, _rows: slice, /) -> None:
        activation_kernels.relu_with_bias(s_nH, self.bias_H)

    def value(self, s_nH: np.ndarray, _: np.ndarray, /) -> np.ndarray:
        return s_nH

    def look(self, s_nH: np.ndarray, gradient_nH: np.ndarray, _: np.ndarray) -> np.ndarray:
        activation_kernels.relu_backward(s_nH, gradient_nH, self.of_bias_H)
        return s_nH


class BlockedPReLU(BlockedActivation):
    def value(self, s_nH: np.ndarray, value_nH: np.ndarray, /) -> np.ndarray:
        activation_kernels.prelu(s_nH, self.alpha_H, value_nH)
        return value_nH

    def look(self, s_nH: np.ndarray, gradient_nH: np.ndarray, value_nH: np.ndarray) -> np.ndarray:
        activation_kernels.prelu_backward(s_nH, gradient_nH, self.alpha_H, value_nH, self.of_bias_H, self.of_alpha_H)
        return value_nH


@dataclass
class RunningStatistics:
    """What Dice norms by: the running statistics, which those of a training batch move."""

    mean_H: torch.Tensor
    var_H: torch.Tensor
    eps: float
    momentum: float


@dataclass
class EventCounts:
    """How many events each position stands for, and all of them together."""

    times_N: np.ndarray
    events: int


class BlockedDice(BlockedActivation):
    """By the statistics of these very positions, each of which counts `times_N`, `events` together; or by the running
    ones, where `over_all` is false."""

    def __init__(
        self, alpha_H: torch.Tensor, bias_H: torch.Tensor, norm: RunningStatistics, counted: EventCounts, over_all: bool
    ) -> None:
        super().__init__(alpha_H, bias_H)
        self.norm, self.counted, self.over_all = norm, counted, over_all
        self.normalize_by(norm.mean_H.numpy(), norm.var_H.numpy())
        self.about_H: np.ndarray | None = None

    def normalize_by(self, mean_H: np.ndarray, var_H: np.ndarray) -> None:
        """With z = (s - mean) scale, e^-z is 2 to the power of s fall + level."""
        self.mean_H, self.scale_H = mean_H, 1 / np.sqrt(var_H + self.norm.eps)
        self.fall_H = self.scale_H * -LOG2_E
        self.level_H = -mean_H * self.fall_H

    def arrived(self, s_nH: np.ndarray, rows: slice, /) -> None:
        if not self.over_all:
            super().arrived(s_nH, rows)
            return
        if self.about_H is None:  # sums of what is far from zero would lose digits
            self.about_H, self.sums_2H = s_nH.mean(0) + self.bias_H, np.zeros((2, s_nH.shape[1]))
        activation_kernels.bias_and_moments(s_nH, self.bias_H, self.counted.times_N[rows], self.about_H, self.sums_2H)

    def measure(self) -> None:
        """Takes the statistics of these positions, and moves the running ones towards them."""
        events = self.counted.events
        off_H, square_H = self.sums_2H / events
        var_H = np.maximum(square_H - off_H**2, 0)
        kind = self.bias_H.dtype
        self.normalize_by((self.about_H + off_H).astype(kind), var_H.astype(kind))
        self.norm.mean_H.lerp_(torch.from_numpy(self.mean_H), self.norm.momentum)
        self.norm.var_H.lerp_(torch.from_numpy((var_H * (events / (events - 1))).astype(kind)), self.norm.momentum)

    def value(self, s_nH: np.ndarray, value_nH: np.ndarray, /) -> np.ndarray:
        activation_kernels.dice(s_nH, self.fall_H, self.level_H, self.alpha_H, value_nH)
        return value_nH

    def turn(self) -> None:
        self.sums_4H = np.zeros((4, len(self.alpha_H)))

    def look(self, s_nH: np.ndarray, gradient_nH: np.ndarray, value_nH: np.ndarray) -> np.ndarray:
        activation_kernels.dice_backward(
            s_nH, gradient_nH, self.scale_H, self.fall_H, self.level_H, self.alpha_H, value_nH, self.sums_4H
        )
        return value_nH

    def gradient(self, s_nH: np.ndarray, gradient_nH: np.ndarray, rows: slice) -> None:
        """What mean and variance say of each position: of z, minus the mean over all events of the gradients of z, and
        minus z times the mean of those times z."""
        if self.over_all:
            activation_kernels.moments_backward(s_nH, gradient_nH, self.counted.times_N[rows], *self.of_moments())

    def of_moments(self) -> tuple[np.ndarray, np.ndarray]:
        """That as a + b s, [H] each."""
        of_z_H, of_z_times_z_H = self.sums_4H[2], self.sums_4H[3] / -LOG2_E
        b_H = of_z_times_z_H * self.scale_H**2
        found = of_z_H * self.scale_H - b_H * self.mean_H, b_H
        return tuple((each_H / self.counted.events).astype(self.bias_H.dtype) for each_H in found)

    def of_parameters(self) -> tuple[torch.Tensor, torch.Tensor]:
        of_bias_H, of_alpha_H = self.sums_4H[:2]
        if self.over_all:
            a_H, b_H = self.of_moments()
            of_bias_H = of_bias_H - self.counted.events * (a_H + b_H * self.mean_H)
        return self.of_its_kind(of_bias_H), self.of_its_kind(of_alpha_H)
