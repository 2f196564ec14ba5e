"""Histories and a candidate -> the probability that the user takes it.

Before DIN, a user was the average of the embeddings of the goods they touched; a clever variant weighed the
average by time decay. Both live on here as `pooling = "mean"` and `pooling = "decay"`, trained by the same code.
DIN (Zhou et al., KDD 2018, arXiv 1706.06978) puts an activation unit in their place, which weighs each history item
by the candidate at hand. Goods attend to goods and shops to shops, in two groups that never mix.

Shapes: B examples, N history positions of a batch end to end, D embedding dimension, H hidden width.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from din.batches import Batch, JaggedHistory
from din.config import DinConfig

# What every history item weighs before anything is learned. Without it the sign of all weights is left to chance, since
# the net above can undo it; with it, more weight means more interest (docs/experiments.md, 2026-11-24).
FIRST_WEIGHT = 0.5


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
        own_statistics = self.training and len(s_NH) > 1  # the variance of one row says nothing
        normed_NH = functional.batch_norm(
            s_NH, self.running_mean, self.running_var, None, None, own_statistics, self.momentum, self.eps
        )
        p_NH = torch.sigmoid(normed_NH)
        return s_NH * (self.alpha + (1 - self.alpha) * p_NH)


def activation(config: DinConfig, width: int) -> nn.Module:
    return Dice(width) if config.activation == "dice" else nn.PReLU(width)


def dense(config: DinConfig, inputs: int, widths: tuple[int, ...]) -> nn.Sequential:
    """Linear layers of `widths`, an activation after each, and one number at the end."""
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Linear(inputs, width), activation(config, width)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, 1))


class ActivationUnit(nn.Module):
    """The weight of history item v for candidate u: a fully connected net over [u, v, u - v] (section 4.3, figure 2).

    Its first layer is applied in parts, W [u; v; u - v] = (Wu + Wd) u + (Wv - Wd) v, so the concatenation is never
    built and the part of u is computed once for each candidate instead of once for each history position.
    """

    def __init__(self, config: DinConfig) -> None:
        super().__init__()
        first, *rest = config.attention_widths
        self.first = nn.Linear(3 * config.dimension, first)
        self.activation = activation(config, first)
        self.rest = dense(config, first, tuple(rest))
        nn.init.constant_(self.rest.get_parameter(f"{len(self.rest) - 1}.bias"), FIRST_WEIGHT)

    def forward(self, u_BD: torch.Tensor, v_ND: torch.Tensor, example_N: torch.Tensor) -> torch.Tensor:
        of_candidate_BH, of_history_NH = self.first_layer(u_BD, v_ND)
        return self.weigh(of_candidate_BH[example_N] + of_history_NH)

    def first_layer(self, u_BD: torch.Tensor, v_ND: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The two parts of the first layer, (Wu + Wd) u + b and (Wv - Wd) v: their sum is its output."""
        w_u, w_v, w_difference = self.first.weight.chunk(3, dim=1)
        return u_BD @ (w_u + w_difference).T + self.first.bias, v_ND @ (w_v - w_difference).T

    def weigh(self, first_NH: torch.Tensor) -> torch.Tensor:
        return self.rest(self.activation(first_NH)).squeeze(-1)


class Group(nn.Module):
    """One group, goods or shops: its embeddings, and the pooling of its history into one vector."""

    def __init__(self, config: DinConfig, rows: int) -> None:
        super().__init__()
        self.pooling, self.normalize = config.pooling, config.normalize
        self.embedding = nn.Embedding(rows, config.dimension)
        nn.init.normal_(self.embedding.weight, std=1 / math.sqrt(config.dimension))
        if config.pooling == "din":
            self.unit = ActivationUnit(config)
        if config.pooling == "decay":
            self.log_half_life = nn.Parameter(torch.tensor(math.log(config.half_life_days)))

    def embed(self, keys: torch.Tensor) -> torch.Tensor:
        """Rows of the table; a key that came after the model was trained takes row 0, the unknown one."""
        return self.embedding(torch.where(keys < self.embedding.num_embeddings, keys, 0))

    def forward(self, candidate_B: torch.Tensor, history: JaggedHistory) -> tuple[torch.Tensor, torch.Tensor]:
        """The candidate's embedding and the history pooled for it, both [B, D]; no history gives exactly zero."""
        u_BD, v_ND = self.embed(candidate_B), self.embed(history.keys_N)
        weights_N = self.weights(u_BD, v_ND, history)
        pooled_BD = torch.zeros_like(u_BD).index_add(0, history.example_N, weights_N[:, None] * v_ND)
        return u_BD, pooled_BD

    def weights(self, u_BD: torch.Tensor, v_ND: torch.Tensor, history: JaggedHistory) -> torch.Tensor:
        """How much each history position counts for its example's candidate, [N]."""
        examples = len(u_BD)
        if self.pooling == "din":
            raw_N = self.unit(u_BD, v_ND, history.example_N)
            return softmax(raw_N, history.example_N, examples) if self.normalize == "softmax" else raw_N
        if self.pooling == "decay":
            return share(torch.exp2(-history.age_N / self.log_half_life.exp()), history.example_N, examples)
        return share(torch.ones_like(history.age_N), history.example_N, examples)


def share(weights_N: torch.Tensor, example_N: torch.Tensor, examples: int) -> torch.Tensor:
    """Weights scaled to sum to one within each example."""
    total_B = weights_N.new_zeros(examples).index_add(0, example_N, weights_N)
    return weights_N / total_B.clamp_min(1e-30)[example_N]


def softmax(raw_N: torch.Tensor, example_N: torch.Tensor, examples: int) -> torch.Tensor:
    peak_B = raw_N.new_full((examples,), -math.inf).scatter_reduce(0, example_N, raw_N.detach(), "amax")
    return share(torch.exp(raw_N - peak_B[example_N]), example_N, examples)


class DIN(nn.Module):
    """Two groups, kept apart, and a net over what they found.

    Of each group the net sees the candidate, the pooled history and their element-wise product.
    """

    def __init__(self, config: DinConfig, goods_rows: int, shop_rows: int) -> None:
        super().__init__()
        self.config = config
        self.goods = Group(config, goods_rows)
        self.shops = Group(config, shop_rows)
        self.top = dense(config, 6 * config.dimension, config.top_widths)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Logits, [B]."""
        goods = self.goods(batch.goods_B, batch.goods_history)
        shops = self.shops(batch.shop_B, batch.shop_history)
        return self.logits(*goods, *shops)

    def logits(
        self, goods_BD: torch.Tensor, goods_pooled_BD: torch.Tensor, shop_BD: torch.Tensor, shop_pooled_BD: torch.Tensor
    ) -> torch.Tensor:
        parts = [
            goods_BD,
            goods_pooled_BD,
            goods_BD * goods_pooled_BD,
            shop_BD,
            shop_pooled_BD,
            shop_BD * shop_pooled_BD,
        ]
        return self.top(torch.cat(parts, dim=1)).squeeze(-1)
