"""Dice, PReLU and ReLU, each a layer of a net; what it is in blocks, see din/kernels/blocked_activations.py.

Shapes: N history positions, H the width of the layer.
"""

import torch
from torch import nn
from torch.nn import functional

from din.kernels.blocked_activations import (
    BlockedActivation,
    BlockedDice,
    BlockedPReLU,
    BlockedReLU,
    EventCounts,
    RunningStatistics,
)
from din.model.folded_mlp import FoldedDice, FoldedPReLU, FoldedReLU


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

    def in_blocks(self, bias_H: torch.Tensor, times_N: torch.Tensor) -> BlockedDice:
        """Over positions that stand for so many events each."""
        times_N = times_N.to(self.alpha.dtype)
        events = int(times_N.sum())
        norm = RunningStatistics(self.running_mean, self.running_var, self.eps, self.momentum)
        return BlockedDice(self.alpha, bias_H, norm, EventCounts(times_N.numpy(), events), self.over_all(events))

    def settled(self) -> FoldedDice:
        return FoldedDice(self.running_mean, torch.rsqrt(self.running_var + self.eps), self.alpha)


class PReLU(nn.Module):
    """max(s, 0) + alpha min(s, 0), alpha learned for each column."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((width,), 0.25))

    @property
    def alpha(self) -> torch.Tensor:
        return self.weight

    def forward(self, s_NH: torch.Tensor) -> torch.Tensor:
        return functional.prelu(s_NH, self.weight.to(s_NH.dtype))

    def in_blocks(self, bias_H: torch.Tensor, _times_N: torch.Tensor) -> BlockedActivation:
        return BlockedPReLU(self.weight, bias_H)

    def settled(self) -> FoldedPReLU:
        return FoldedPReLU(self.weight)


class ReLU(nn.Module):
    """max(s, 0), which has no alpha."""

    alpha: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("alpha", torch.zeros(0), persistent=False)

    def forward(self, s_NH: torch.Tensor) -> torch.Tensor:
        return torch.relu(s_NH)

    def in_blocks(self, bias_H: torch.Tensor, _times_N: torch.Tensor) -> BlockedActivation:
        return BlockedReLU(self.alpha, bias_H)

    def settled(self) -> FoldedReLU:
        return FoldedReLU(self.alpha.new_ones(1), self.alpha.new_ones(1))
