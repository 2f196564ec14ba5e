"""Dice, PReLU and ReLU: each as a layer of a net, and over blocks of history positions with its gradient written out.

Shapes: N history positions, n of them in a block, H the width of the layer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import nn
from torch.nn import functional

POSITIONS = 4096  # of a block: 1.3 MB for a layer of 80


class Dice(nn.Module):
    """Dice, equation 3: f(s) = p(s) s + (1 - p(s)) alpha s, p(s) = sigmoid((s - E[s]) / sqrt(Var[s] + eps)).

    Mean and variance come from the batch in training and from running averages afterwards. Rows are real
    positions only, since nothing is padded. No affine part: the paper has none.
    """

    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(self, width: int, eps: float = 1e-8, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.alpha = nn.Parameter(torch.full((width,), 0.25))
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_var", torch.ones(width))

    def forward(self, s_NH: torch.Tensor) -> torch.Tensor:
        normed_NH = functional.batch_norm(
            s_NH, self.running_mean, self.running_var, None, None, self.over_all(len(s_NH)), self.momentum, self.eps
        )
        p_NH = torch.sigmoid(normed_NH)
        alpha_H = self.alpha.to(s_NH.dtype)  # narrower on a GPU, and then so is the product
        return s_NH * (alpha_H + (1 - alpha_H) * p_NH)

    def over_all(self, rows: int) -> bool:
        """Whether so many rows are normed by their own statistics: the variance of one row says nothing."""
        return self.training and rows > 1

    def in_blocks(self, times_N: torch.Tensor) -> "InBlocks":
        """Over positions that stand for so many events each."""
        running, times_N = (self.running_mean, self.running_var), times_N.to(self.alpha.dtype)
        events = int(times_N.sum())
        return DiceInBlocks(self.alpha, *running, self.eps, self.momentum, times_N, events, self.over_all(events))


class PRelu(nn.Module):
    """max(s, 0) + alpha min(s, 0), alpha learned for each column."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((width,), 0.25))

    @property
    def alpha(self) -> torch.Tensor:
        return self.weight

    def forward(self, s_NH: torch.Tensor) -> torch.Tensor:
        return functional.prelu(s_NH, self.weight.to(s_NH.dtype))

    def in_blocks(self, _times_N: torch.Tensor) -> "InBlocks":
        return PReluInBlocks(self.weight)


class Relu(nn.Module):
    """max(s, 0), which has no alpha."""

    alpha: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("alpha", torch.zeros(0), persistent=False)

    def forward(self, s_NH: torch.Tensor) -> torch.Tensor:
        return torch.relu(s_NH)

    def in_blocks(self, _times_N: torch.Tensor) -> "InBlocks":
        return ReluInBlocks(self.alpha)


class InBlocks(Protocol):
    """An activation function of one layer, and what the gradients of its parameters add up to."""

    over_all: bool  # whether value and gradient of a position depend on all others too
    of_alpha_H: torch.Tensor

    def measure(self, s_NH: torch.Tensor, /) -> None:
        """Takes from all positions what `value` goes by, where it depends on them."""
        ...

    def at(self, s_nH: torch.Tensor, /) -> Any:
        """What the next three share of a block."""
        ...

    def value(self, s_nH: torch.Tensor, at: Any, /) -> torch.Tensor: ...

    def turn(self) -> None:
        """Begins the way back: nothing is added up yet."""
        ...

    def look(self, gradient_nH: torch.Tensor, s_nH: torch.Tensor, at: Any, /) -> None:
        """Takes from each block, given the gradient of the value, what `gradient` goes by."""
        ...

    def gradient(self, gradient_nH: torch.Tensor, s_nH: torch.Tensor, at: Any, rows: slice, /) -> torch.Tensor:
        """The gradient of s of these rows, given that of the value; that of alpha is added up."""
        ...


@dataclass
class ReluInBlocks:
    of_alpha_H: torch.Tensor
    over_all: bool = False

    def measure(self, s_NH: torch.Tensor) -> None:
        pass

    def at(self, s_nH: torch.Tensor) -> None:
        pass

    def value(self, s_nH: torch.Tensor, _: None) -> torch.Tensor:
        return torch.relu(s_nH)

    def turn(self) -> None:
        pass

    def look(self, gradient_nH: torch.Tensor, s_nH: torch.Tensor, _: None) -> None:
        pass

    def gradient(self, gradient_nH: torch.Tensor, s_nH: torch.Tensor, _: None, _rows: slice) -> torch.Tensor:
        return torch.ops.aten.threshold_backward(gradient_nH, s_nH, 0)


@dataclass
class PReluInBlocks:
    alpha_H: torch.Tensor
    over_all: bool = False
    of_alpha_H: torch.Tensor = field(init=False)

    def measure(self, s_NH: torch.Tensor) -> None:
        pass

    def at(self, s_nH: torch.Tensor) -> torch.Tensor:
        return s_nH.clamp_max(0)

    def value(self, s_nH: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        return torch.addcmul(s_nH, at, self.alpha_H - 1)

    def turn(self) -> None:
        self.of_alpha_H = torch.zeros_like(self.alpha_H)

    def look(self, gradient_nH: torch.Tensor, s_nH: torch.Tensor, at: torch.Tensor) -> None:
        pass

    def gradient(self, gradient_nH: torch.Tensor, s_nH: torch.Tensor, at: torch.Tensor, _rows: slice) -> torch.Tensor:
        self.of_alpha_H += column_sums(at.mul_(gradient_nH))
        above_nH = torch.ops.aten.threshold_backward(gradient_nH, s_nH, 0)
        return above_nH.addcmul_(gradient_nH - above_nH, self.alpha_H)


@dataclass
class DiceInBlocks:
    """By the statistics of these very positions, each of which counts `times_N`, `events` together; or by the running
    ones, where `over_all` is false."""

    alpha_H: torch.Tensor
    running_mean_H: torch.Tensor
    running_var_H: torch.Tensor
    eps: float
    momentum: float
    times_N: torch.Tensor
    events: int
    over_all: bool
    of_alpha_H: torch.Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.normalize_by(self.running_mean_H, self.running_var_H)

    def normalize_by(self, mean_H: torch.Tensor, var_H: torch.Tensor) -> None:
        self.scale_H = torch.rsqrt(var_H + self.eps)
        self.shift_H = -mean_H * self.scale_H

    def measure(self, s_NH: torch.Tensor) -> None:
        """Takes the statistics of these positions, and moves the running ones towards them."""
        mean_H, var_H = spread(s_NH, self.times_N, self.events)
        self.normalize_by(mean_H, var_H)
        self.running_mean_H.lerp_(mean_H, self.momentum)
        self.running_var_H.lerp_(var_H * (self.events / (self.events - 1)), self.momentum)

    def at(self, s_nH: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The normed s, and p."""
        normed_nH = torch.addcmul(self.shift_H, s_nH, self.scale_H)
        return normed_nH, torch.sigmoid(normed_nH)

    def value(self, s_nH: torch.Tensor, at: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return torch.addcmul(self.alpha_H, at[1], 1 - self.alpha_H).mul_(s_nH)

    def turn(self) -> None:
        self.of_alpha_H, self.of_normed_H, self.of_spread_H = (torch.zeros_like(self.alpha_H) for _ in range(3))

    def look(self, gradient_nH: torch.Tensor, s_nH: torch.Tensor, at: tuple[torch.Tensor, torch.Tensor]) -> None:
        normed_nH, p_nH = at
        of_normed_nH = self.of_normed(p_nH, gradient_nH * s_nH)
        self.of_normed_H += column_sums(of_normed_nH)
        self.of_spread_H += column_sums(of_normed_nH.mul_(normed_nH))

    def of_normed(self, p_nH: torch.Tensor, of_slope_nH: torch.Tensor) -> torch.Tensor:
        """The gradient of s normed, which shapes the value through p alone."""
        return torch.addcmul(p_nH, p_nH, p_nH, value=-1).mul_(of_slope_nH).mul_(1 - self.alpha_H)

    def gradient(
        self, gradient_nH: torch.Tensor, s_nH: torch.Tensor, at: tuple[torch.Tensor, torch.Tensor], rows: slice
    ) -> torch.Tensor:
        normed_nH, p_nH = at
        of_slope_nH = gradient_nH * s_nH
        self.of_alpha_H += column_sums(torch.addcmul(of_slope_nH, of_slope_nH, p_nH, value=-1))
        of_s_nH = self.of_normed(p_nH, of_slope_nH)
        if self.over_all:
            of_each_nH = torch.addcmul(self.of_normed_H, normed_nH, self.of_spread_H)
            of_s_nH.addcmul_(of_each_nH, self.times_N[rows, None], value=-1 / self.events)
        of_s_nH.mul_(self.scale_H)
        return of_s_nH.addcmul_(gradient_nH, torch.addcmul(self.alpha_H, p_nH, 1 - self.alpha_H))


def values(layer: Dice | PRelu | Relu, s_NH: torch.Tensor) -> torch.Tensor:
    """What a layer gives where nothing learns; in fewer passes over memory than by the layer itself."""
    activation = layer.in_blocks(torch.ones(0))
    return activation.value(s_NH, activation.at(s_NH))


def column_sums(values_nH: torch.Tensor) -> torch.Tensor:
    """As a product with ones, which is several times faster than a sum over rows."""
    return values_nH.new_ones(len(values_nH)) @ values_nH


def spread(s_NH: torch.Tensor, times_N: torch.Tensor, events: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and variance of each column, where each position counts so many times, and all of them `events` times."""
    about_H = s_NH[:POSITIONS].mean(0)
    total_H, square_H = torch.zeros_like(about_H), torch.zeros_like(about_H)
    for rows in blocks(len(s_NH)):
        off_nH = s_NH[rows] - about_H
        total_H += times_N[rows] @ off_nH
        square_H += times_N[rows] @ off_nH.mul_(off_nH)
    off_H = total_H / events
    return about_H + off_H, (square_H / events - off_H**2).clamp_min_(0)


def blocks(positions: int) -> Iterator[slice]:
    for start in range(0, positions, POSITIONS):
        yield slice(start, min(start + POSITIONS, positions))
