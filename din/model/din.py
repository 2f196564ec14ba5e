"""Histories and a candidate -> the probability that the user takes it.

Before DIN, a user was the average of the embeddings of the goods they touched; a clever variant weighed the
average by time decay. Both live on here as `pooling = "mean"` and `pooling = "decay"`, trained by the same code.
DIN (Zhou et al., KDD 2018, arXiv 1706.06978) puts an activation unit in their place, which weighs each history item
by the candidate at hand. Goods attend to goods and shops to shops, in two groups that never mix.

Shapes: B examples, N history positions of a batch end to end, D embedding dimension, H hidden width.
"""

import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import nn

from din.config import DinConfig
from din.data.batch import Batch, JaggedHistory
from din.data.dedup_history import dedup_history
from din.kernels.blocked_attention import AttentionWeightsFunction, FirstLayerInputs, WeightedSumFunction
from din.kernels.numba_ops import is_supported
from din.kernels.segment_ops import check_segment_ids, expand_segments, gather_rows, segment_sum
from din.model.activations import Dice, PReLU, ReLU
from din.model.category_embedding import CategoryEmbedding, replace_oov
from din.model.repeat_features import RepeatFeatures
from din.model.time_position import EmbeddingLookups, TimePositionEmbedding

# What every history item weighs before anything is learned. Without it the sign of all weights is left to chance, since
# the net above can undo it; with it, more weight means more interest (docs/experiments.md, 2026-11-24).
INITIAL_ATTENTION_BIAS = 0.5
# So many of a batch have to share a row of a table before it pays to look its part of the first layer up.
MIN_POSITIONS_PER_ROW = 4


def activation(config: DinConfig, width: int) -> Dice | PReLU | ReLU:
    if config.activation == "dice":
        return Dice(width)
    return PReLU(width) if config.activation == "prelu" else ReLU()


def dense(config: DinConfig, inputs: int, widths: tuple[int, ...]) -> nn.Sequential:
    """Linear layers of `widths`, an activation after each, and one number at the end."""
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Linear(inputs, width), activation(config, width)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, 1))


def layers_of(net: Iterable[nn.Module]) -> list[tuple[Dice | PReLU | ReLU, nn.Linear]]:
    """Each activation, and the linear layer after it, of a net that begins with an activation."""
    layers = list(net)
    return list(zip(layers[::2], layers[1::2], strict=True))  # type: ignore[arg-type]


class ActivationUnit(nn.Module):
    """The weight of history item v for candidate u: a fully connected net over [u, v, u - v] (section 4.3, figure 2),
    and over what the two have in common where `attention_input` says so: their product, element by element (the
    authors' code) or each by each (the paper's text).

    Its first layer is applied in parts, W [u; v; u - v] = (Wu + Wd) u + (Wv - Wd) v, so the concatenation is never
    built and the part of u is computed once for each candidate instead of once for each history position.
    """

    def __init__(self, config: DinConfig) -> None:
        super().__init__()
        first, *rest = config.attention_hidden_units
        self.sees, self.dimension = config.attention_input, config.embedding_dim
        common = {"difference": 0, "product": config.embedding_dim, "outer": config.embedding_dim**2}[self.sees]
        self.first = nn.Linear(3 * config.embedding_dim + common, first)
        self.activation = activation(config, first)
        self.rest = dense(config, first, tuple(rest))
        nn.init.constant_(self.rest.get_parameter(f"{len(self.rest) - 1}.bias"), INITIAL_ATTENTION_BIAS)

    def forward(self, u_BD: torch.Tensor, v_ND: torch.Tensor, example_N: torch.Tensor) -> torch.Tensor:
        w_candidate, w_item = self.of_one_alone()
        first_NH = expand_segments(u_BD @ w_candidate.T + self.first.bias, example_N) + v_ND @ w_item.T
        if self.sees == "product":
            first_NH = first_NH + (expand_segments(u_BD, example_N) * v_ND) @ self.of_common().T
        if self.sees == "outer":
            each_by_each_NDD = expand_segments(u_BD, example_N)[:, :, None] * v_ND[:, None, :]
            first_NH = first_NH + each_by_each_NDD.flatten(1) @ self.of_common().T
        return self.weigh(first_NH)

    def in_blocks(
        self,
        u_BD: torch.Tensor,
        v_ND: torch.Tensor,
        example_N: torch.Tensor,
        looked_up: EmbeddingLookups,
        times_N: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The same, several times faster (din/kernels/blocked_attention.py). Not for the outer product. `looked_up` are
        tables whose rows add up to v, where there are any: then the item's part of the first layer is worked out once
        for each of their rows. Dice's statistics count a position as often as the events that it stands for."""
        w_candidate, w_item = self.of_one_alone()
        tables = [u_BD @ w_candidate.T, *(rows_RD @ w_item.T for rows_RD, _ in looked_up)]
        places = [example_N, *(place_N for _, place_N in looked_up)]
        sees = FirstLayerInputs(item=not looked_up, product=self.sees == "product")
        seen_HE = torch.cat([w_item[:, : w_item.shape[1] * sees.item], self.of_common()], dim=1)
        times_N = v_ND.new_ones(len(v_ND)) if times_N is None else times_N
        linears = [self.first, *(linear for _, linear in self.layers())]
        in_blocks, layers = [], []
        for (layer, after), before in zip(self.layers(), linears, strict=False):
            in_blocks.append(layer.in_blocks(before.bias, times_N))
            layers += [before.bias, layer.alpha, after.weight]
        return AttentionWeightsFunction.apply(
            in_blocks, places, sees, u_BD, v_ND, seen_HE, *tables, *layers, linears[-1].bias
        )

    def of_one_alone(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The first layer's weights of what is of candidate or item alone, Wu + Wd and Wv - Wd, [H, D] each."""
        w_u, w_v, w_difference = self.first.weight[:, : 3 * self.dimension].chunk(3, dim=1)
        return w_u + w_difference, w_v - w_difference

    def of_common(self) -> torch.Tensor:
        """The weights of what the two have in common, [H, 0 or D or D * D]."""
        return self.first.weight[:, 3 * self.dimension :]

    def layers(self) -> list[tuple[Dice | PReLU | ReLU, nn.Linear]]:
        return layers_of([self.activation, *self.rest])

    def weigh(self, first_NH: torch.Tensor) -> torch.Tensor:
        return self.rest(self.activation(first_NH)).squeeze(-1)


class AttentionGroup(nn.Module):
    """One group, goods or shops: its embeddings, and the pooling of its history into one vector.

    Where goods have categories, the vector of a goods is its own and its category's, added. Its own begins at zero:
    before anything is learned of it, a goods is its category.
    """

    def __init__(self, config: DinConfig, rows: int, category_rows: int = 0) -> None:
        super().__init__()
        self.pooling, self.normalize = config.pooling, config.attention_normalization
        self.embedding = nn.Embedding(rows, config.embedding_dim)
        nn.init.normal_(self.embedding.weight, std=1 / math.sqrt(config.embedding_dim))
        if config.pooling == "din":
            self.unit, self.placed = ActivationUnit(config), TimePositionEmbedding(config)
        if config.pooling == "decay":
            half_life = torch.tensor(math.log(config.half_life_days))
            self.log_half_life = nn.Parameter(half_life, requires_grad=config.learn_half_life)
        self.categories: CategoryEmbedding | None = None
        if category_rows:
            self.categories = CategoryEmbedding(category_rows, rows, config.embedding_dim)
            nn.init.zeros_(self.embedding.weight)

    def embed(self, keys: torch.Tensor, categories: torch.Tensor | None = None) -> torch.Tensor:
        """Rows of the table; a key that came after the model was trained takes row 0, the unknown one. With those of
        `categories` added, or of the categories that the model knows, where it has any."""
        own = gather_rows(self.embedding.weight, replace_oov(keys, len(self.embedding.weight)))
        return own if self.categories is None else own + self.categories(keys, categories)

    def forward(
        self, candidate_B: torch.Tensor, history: JaggedHistory, category_B: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The candidate's embedding and the history pooled for it, both [B, D]; no history gives exactly zero.
        Raises IndexError on a processor where an item is of an example that is not there."""
        check_segment_ids(history.example_N, len(candidate_B))
        if self.pooling == "din" and self.in_blocks() and self.placed.of_position is None:
            history = dedup_history(history, self.placed.steps(history))
        u_BD, v_ND = self.embed(candidate_B, category_B), self.embed(history.keys_N, history.categories_N)
        weights_N = self.weights(u_BD, v_ND, history)
        return u_BD, pooled(weights_N, v_ND, history.example_N, len(u_BD))

    def weights(self, u_BD: torch.Tensor, v_ND: torch.Tensor, history: JaggedHistory) -> torch.Tensor:
        """How much each history position counts for its example's candidate, [N], with all that it stands for."""
        examples = len(u_BD)
        if self.pooling == "din":
            raw_N = self.attend(u_BD, v_ND, history)
            if self.normalize == "softmax":
                return softmax(raw_N, history.example_N, examples, history.times_N)
            return raw_N if history.times_N is None else raw_N * history.times_N
        if self.pooling == "decay":
            return share(torch.exp2(-history.age_N / self.log_half_life.exp()), history.example_N, examples)
        return share(torch.ones_like(history.age_N), history.example_N, examples)

    def placed_in(self, v_ND: torch.Tensor, history: JaggedHistory) -> torch.Tensor:
        """What the activation unit sees of the history: its items, and when and where they stand."""
        return sum((table[place] for table, place in self.placed(history)), v_ND)

    def attend(self, u_BD: torch.Tensor, v_ND: torch.Tensor, history: JaggedHistory) -> torch.Tensor:
        """What the activation unit gives each history position, [N]; on a processor in blocks."""
        seen_ND = self.placed_in(v_ND, history)
        if not self.in_blocks():
            return self.unit(u_BD, seen_ND, history.example_N)
        return self.unit.in_blocks(u_BD, seen_ND, history.example_N, self.looked_up(history), history.times_N)

    def in_blocks(self) -> bool:
        """Whether the activation unit goes over the positions in blocks: on a processor, but for the outer product."""
        return self.unit.sees != "outer" and use_blocked_kernels(self.embedding.weight)

    def looked_up(self, history: JaggedHistory) -> EmbeddingLookups:
        """The tables whose rows add up to what the activation unit sees of the history; none, where looking up would
        take longer than working out, since few positions share a row."""
        table = self.embedding.weight
        if len(table) * MIN_POSITIONS_PER_ROW > len(history.keys_N):
            return []
        found: EmbeddingLookups = [(table, replace_oov(history.keys_N, len(table)))]
        if self.categories is not None:
            category_N = self.categories.of(history.keys_N, history.categories_N)
            found.append((self.categories.embedding.weight, category_N))
        return [*found, *self.placed(history)]


def use_blocked_kernels(values_ND: torch.Tensor) -> bool:
    """On a processor for which passes are compiled, but not where its nets multiply in bf16: the formula as it is knows
    how."""
    return is_supported(values_ND) and not torch.is_autocast_enabled(values_ND.device.type)


def pooled(weights_N: torch.Tensor, v_ND: torch.Tensor, example_N: torch.Tensor, examples: int) -> torch.Tensor:
    """The weighted sum of each example's history, [B, D]; on a processor in one pass."""
    if use_blocked_kernels(v_ND):
        return WeightedSumFunction.apply(weights_N, v_ND, example_N, examples)
    return segment_sum(weights_N[:, None] * v_ND, example_N, examples)


def share(weights_N: torch.Tensor, example_N: torch.Tensor, examples: int) -> torch.Tensor:
    """Weights scaled to sum to one within each example."""
    total_B = segment_sum(weights_N, example_N, examples)
    return weights_N / expand_segments(total_B.clamp_min(1e-30), example_N)


def softmax(
    raw_N: torch.Tensor, example_N: torch.Tensor, examples: int, times_N: torch.Tensor | None = None
) -> torch.Tensor:
    peak_B = raw_N.new_full((examples,), -math.inf).scatter_reduce(0, example_N, raw_N.detach(), "amax")
    weights_N = torch.exp(raw_N - peak_B[example_N])
    return share(weights_N if times_N is None else weights_N * times_N, example_N, examples)


class DIN(nn.Module):
    """Two groups, kept apart, and a net over what they found.

    Of each group the net sees the candidate, the pooled history and their element-wise product; and where the model has
    them, how often and how lately the candidate is in the history (din/model/repeat_features.py), and a vector of the
    user. Both begin at zero: before anything is learned, all users are alike.
    """

    def __init__(
        self, config: DinConfig, goods_rows: int, shop_rows: int, category_rows: int = 1, user_rows: int = 1
    ) -> None:
        super().__init__()
        self.config = config
        self.goods = AttentionGroup(config, goods_rows, category_rows if config.category_embedding else 0)
        self.shops = AttentionGroup(config, shop_rows)
        self.top = dense(config, (7 if config.user_embedding else 6) * config.embedding_dim, config.mlp_hidden_units)
        self.matches: RepeatFeatures | None = None
        if config.repeat_features:
            self.matches = RepeatFeatures((*config.mlp_hidden_units, 1)[0])
        self.users: nn.Embedding | None = None
        if config.user_embedding:
            self.users = nn.Embedding(user_rows, config.embedding_dim)
            nn.init.zeros_(self.users.weight)

    @property
    def rows(self) -> tuple[int, int]:
        """Of the tables of goods and of shops. A key from there on came after the training, and takes row 0."""
        return self.goods.embedding.num_embeddings, self.shops.embedding.num_embeddings

    def forward(self, batch: Batch) -> torch.Tensor:
        """Logits, [B]."""
        batch = self.told(batch)
        goods = self.goods(batch.goods_B, batch.goods_history, batch.category_B)
        shops = self.shops(batch.shop_B, batch.shop_history)
        return self.logits(*goods, *shops, user_BD=self.of_user(batch.user_B), step_B2=batch.step_B2)

    def of_user(self, user_B: torch.Tensor) -> torch.Tensor | None:
        """The users' vectors, [B, D]; that of row 0 for those who came later. None where the model has none."""
        return None if self.users is None else self.users(replace_oov(user_B, self.users.num_embeddings))

    def hear(self, category_of: np.ndarray | None) -> None:
        """Takes the categories of goods that had none when the model was trained, int64 by goods key, those that came
        since among them. Nothing, where the model has no categories."""
        if self.goods.categories is not None and category_of is not None:
            self.goods.categories.hear(torch.from_numpy(category_of).to(self.goods.embedding.weight.device))

    @property
    def category_of(self) -> np.ndarray | None:
        """The category that each goods is taken for, by training or by what was heard since, int64 by goods key. None
        where the model has no categories."""
        return None if self.goods.categories is None else self.goods.categories.of_goods_G.cpu().numpy()

    def told(self, batch: Batch) -> Batch:
        """The batch with what the model tells of its keys: categories and matches, where it has them."""
        if self.goods.categories is not None:
            batch = self.goods.categories.told(batch)
        return batch if self.matches is None else self.matches.told(batch)

    def logits(
        self, *parts_BD: torch.Tensor, user_BD: torch.Tensor | None = None, step_B2: torch.Tensor | None = None
    ) -> torch.Tensor:
        """[B], of what `first` takes."""
        return self.top[1:](self.first(*parts_BD, user_BD=user_BD, step_B2=step_B2)).squeeze(-1)

    def first(
        self, *parts_BD: torch.Tensor, user_BD: torch.Tensor | None = None, step_B2: torch.Tensor | None = None
    ) -> torch.Tensor:
        """What goes into the first activation of the last net, [B, H]. The parts are the candidate and what was pooled
        for it, of goods and then of shops; `step_B2` the steps of the candidate's matches. `user_BD` may be [1, D], of
        the one user of all candidates: its part is computed once."""
        goods_BD, goods_pooled_BD, shop_BD, shop_pooled_BD = parts_BD
        groups = ((goods_BD, goods_pooled_BD), (shop_BD, shop_pooled_BD))
        seen_BI = torch.cat([part for u, pooled in groups for part in (u, pooled, u * pooled)], dim=1)
        first: nn.Linear = self.top[0]  # type: ignore[assignment]
        if user_BD is None:
            first_BH = first(seen_BI)
        else:
            w_seen, w_user = first.weight.split([seen_BI.shape[1], user_BD.shape[1]], dim=1)
            of_user_BH = user_BD @ w_user.T + first.bias
            first_BH = torch.addmm(of_user_BH, seen_BI, w_seen.T)
        return first_BH if self.matches is None or step_B2 is None else first_BH + self.matches(step_B2)
