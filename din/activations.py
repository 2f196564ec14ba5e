"""Dice, PReLU and ReLU, each a layer of a net; what it is in blocks, see din/activations_in_blocks.py.

Shapes: N history positions, H the width of the layer.
"""

import torch
from torch import nn
from torch.nn import functional

from din.activations_in_blocks import DiceInBlocks, InBlocks, PReluInBlocks, ReluInBlocks
from din.settled import Settled

LEAST_HALF = 1e-6  # of what Dice in evaluation divides by; alpha is within twice that of what it was


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

    def in_blocks(self, times_N: torch.Tensor) -> DiceInBlocks:
        """Over positions that stand for so many events each."""
        running, times_N = (self.running_mean, self.running_var), times_N.to(self.alpha.dtype)
        events = int(times_N.sum())
        return DiceInBlocks(self.alpha, *running, self.eps, self.momentum, times_N, events, self.over_all(events))

    def settled(self) -> Settled:
        """By the running statistics, in the terms of DiceInBlocks: f = s (m + h t), t = tanh(z / 2). With s scaled so
        that it is z / 2 but for the mean, and f divided by h, s (m / h + t) is left."""
        of = self.in_blocks(self.alpha.new_zeros(0))
        half_H = torch.where(of.half_H.abs() < LEAST_HALF, LEAST_HALF, of.half_H)
        shift_H1, ratio_H1 = of.half_shift_H[:, None], (of.middle_H / half_H)[:, None]

        def value(s_GHM: torch.Tensor) -> torch.Tensor:
            return s_GHM.mul_((s_GHM + shift_H1).tanh_().add_(ratio_H1))

        return Settled(of.half_scale_H, value, half_H / of.half_scale_H)


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

    def in_blocks(self, _times_N: torch.Tensor) -> InBlocks:
        return PReluInBlocks(self.weight)

    def settled(self) -> Settled:
        return Settled(self.weight.new_ones(1), self, self.weight.new_ones(1))


class Relu(nn.Module):
    """max(s, 0), which has no alpha."""

    alpha: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("alpha", torch.zeros(0), persistent=False)

    def forward(self, s_NH: torch.Tensor) -> torch.Tensor:
        return torch.relu(s_NH)

    def in_blocks(self, _times_N: torch.Tensor) -> InBlocks:
        return ReluInBlocks(self.alpha)

    def settled(self) -> Settled:
        return Settled(self.alpha.new_ones(1), torch.relu_, self.alpha.new_ones(1))
