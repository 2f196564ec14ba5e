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
HOURS_PER_DAY = 24


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
    if config.activation == "dice":
        return Dice(width)
    return nn.PReLU(width) if config.activation == "prelu" else nn.ReLU()


def dense(config: DinConfig, inputs: int, widths: tuple[int, ...]) -> nn.Sequential:
    """Linear layers of `widths`, an activation after each, and one number at the end."""
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Linear(inputs, width), activation(config, width)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, 1))


class ActivationUnit(nn.Module):
    """The weight of history item v for candidate u: a fully connected net over [u, v, u - v] (section 4.3, figure 2),
    and over what the two have in common where `attention_input` says so: their product, element by element (the
    authors' code) or each by each (the paper's text).

    Its first layer is applied in parts, W [u; v; u - v] = (Wu + Wd) u + (Wv - Wd) v, so the concatenation is never
    built and the part of u is computed once for each candidate instead of once for each history position.
    """

    def __init__(self, config: DinConfig) -> None:
        super().__init__()
        first, *rest = config.attention_widths
        self.sees, self.dimension = config.attention_input, config.dimension
        common = {"difference": 0, "product": config.dimension, "outer": config.dimension**2}[self.sees]
        self.first = nn.Linear(3 * config.dimension + common, first)
        self.activation = activation(config, first)
        self.rest = dense(config, first, tuple(rest))
        nn.init.constant_(self.rest.get_parameter(f"{len(self.rest) - 1}.bias"), FIRST_WEIGHT)

    def forward(self, u_BD: torch.Tensor, v_ND: torch.Tensor, example_N: torch.Tensor) -> torch.Tensor:
        of_candidate_BH, of_history_NH = self.first_layer(u_BD, v_ND)
        first_NH = of_candidate_BH[example_N] + of_history_NH
        if self.sees == "product":
            first_NH = first_NH + (u_BD[example_N] * v_ND) @ self.of_common().T
        if self.sees == "outer":
            each_by_each_NDD = u_BD[example_N][:, :, None] * v_ND[:, None, :]
            first_NH = first_NH + each_by_each_NDD.flatten(1) @ self.of_common().T
        return self.weigh(first_NH)

    def first_layer(self, u_BD: torch.Tensor, v_ND: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The parts of the first layer that are of one alone, (Wu + Wd) u + b and (Wv - Wd) v; with what the two have
        in common their sum is its output."""
        w_u, w_v, w_difference = self.first.weight[:, : 3 * self.dimension].chunk(3, dim=1)
        return u_BD @ (w_u + w_difference).T + self.first.bias, v_ND @ (w_v - w_difference).T

    def of_common(self) -> torch.Tensor:
        """The weights of what the two have in common, [H, 0 or D or D * D]."""
        return self.first.weight[:, 3 * self.dimension :]

    def every_pair(self, u_KD: torch.Tensor, v_TD: torch.Tensor) -> torch.Tensor:
        """The weight of each of T history items for each of K candidates, [K, T].

        What the two have in common is folded into a weight of u for each history item, so that one product of matrices
        does for all candidates: Wp (u * v) = (Wp diag(v)) u.
        """
        of_candidate_KH, of_history_TH = self.first_layer(u_KD, v_TD)
        first_KTH = of_candidate_KH[:, None] + of_history_TH[None]
        if self.sees == "product":
            folded_THD = self.of_common()[None] * v_TD[:, None, :]
            first_KTH += (u_KD @ folded_THD.flatten(0, 1).T).view_as(first_KTH)
        if self.sees == "outer":
            folded_THD = torch.einsum("hij,tj->thi", self.of_common().unflatten(1, (self.dimension, -1)), v_TD)
            first_KTH += (u_KD @ folded_THD.flatten(0, 1).T).view_as(first_KTH)
        return self.weigh(first_KTH.flatten(0, 1)).view(first_KTH.shape[:2])

    def weigh(self, first_NH: torch.Tensor) -> torch.Tensor:
        return self.rest(self.activation(first_NH)).squeeze(-1)


class Placed(nn.Module):
    """When and where a history item stands, as vectors added to what the activation unit sees of it: how long before
    the candidate, in steps that double from an hour on, and how many events back, in steps that double.

    What is pooled is the item alone. The vectors begin at zero: before anything is learned, all times are alike.
    """

    def __init__(self, config: DinConfig) -> None:
        super().__init__()
        self.of_time, self.of_position = (
            nn.Parameter(torch.zeros(buckets, config.dimension)) if buckets else None
            for buckets in (config.time_buckets, config.position_buckets)
        )

    def forward(self, v_ND: torch.Tensor, history: JaggedHistory) -> torch.Tensor:
        if self.of_time is not None:
            v_ND = v_ND + self.of_time[doubling(history.age_N * HOURS_PER_DAY, len(self.of_time))]
        if self.of_position is not None:
            v_ND = v_ND + self.of_position[doubling(events_back(history.example_N), len(self.of_position))]
        return v_ND


def doubling(value_N: torch.Tensor, buckets: int) -> torch.Tensor:
    """0 below one, 1 below three, 2 below seven, ... and the last bucket for all that is beyond."""
    return torch.log2(value_N + 1).long().clamp(0, buckets - 1)


def events_back(example_N: torch.Tensor) -> torch.Tensor:
    """How many events of the same example come after each."""
    ends_B = torch.cumsum(torch.bincount(example_N), 0)
    return ends_B[example_N] - 1 - torch.arange(len(example_N), device=example_N.device)


class Group(nn.Module):
    """One group, goods or shops: its embeddings, and the pooling of its history into one vector."""

    def __init__(self, config: DinConfig, rows: int) -> None:
        super().__init__()
        self.pooling, self.normalize = config.pooling, config.normalize
        self.embedding = nn.Embedding(rows, config.dimension)
        nn.init.normal_(self.embedding.weight, std=1 / math.sqrt(config.dimension))
        if config.pooling == "din":
            self.unit, self.placed = ActivationUnit(config), Placed(config)
        if config.pooling == "decay":
            half_life = torch.tensor(math.log(config.half_life_days))
            self.log_half_life = nn.Parameter(half_life, requires_grad=config.learn_half_life)

    def embed(self, keys: torch.Tensor) -> torch.Tensor:
        """Rows of the table; a key that came after the model was trained takes row 0, the unknown one."""
        return self.embedding(known(keys, self.embedding.num_embeddings))

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
            raw_N = self.unit(u_BD, self.placed(v_ND, history), history.example_N)
            return softmax(raw_N, history.example_N, examples) if self.normalize == "softmax" else raw_N
        if self.pooling == "decay":
            return share(torch.exp2(-history.age_N / self.log_half_life.exp()), history.example_N, examples)
        return share(torch.ones_like(history.age_N), history.example_N, examples)


def known(keys: torch.Tensor, rows: int) -> torch.Tensor:
    """The keys that a table of so many rows has, 0 for those that came later."""
    return torch.where(keys < rows, keys, 0)


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
