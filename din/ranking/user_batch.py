"""Many users at once: their histories and candidates -> the best of each, and why.

A million candidates take some hundred launches on a GPU; on a processor as many go together as stay in its cache. Only
what is ranked comes back from the device.

Shapes: U users of a chunk, C their candidates, K those of them that differ within a user, N history positions,
R what is ranked, P pairs of a user and a candidate of which why is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from din.config import Precision
from din.data.batch import EventSequence, JaggedHistory
from din.data.dedup_history import unique_positions
from din.data.loader import DeviceHistories, to_device
from din.errors import ScoreError
from din.kernels.segment_ops import segment_offsets, segment_sum
from din.model.din import DIN, AttentionGroup, pooled
from din.model.repeat_features import KEY_BITS, repeat_buckets_by_pair
from din.precision import autocast
from din.ranking import tiled_backend
from din.ranking.padded_pooling import CandidateBatch, HistoryBatch, pool_padded

if TYPE_CHECKING:
    from din.ranking.ranker import Candidates

MIN_WEIGHT = 1e-300  # of a history: where nothing carries anything, each share is zero
PoolHistories = Callable[[AttentionGroup, CandidateBatch, HistoryBatch], torch.Tensor]


def select_pool_backend(model: DIN, precision: Precision) -> PoolHistories:
    return tiled_backend.pool_tiled if tiled_backend.can_pool(model, precision) else pool_padded


@dataclass(frozen=True)
class SelectionRules:
    """Who is ranked: the `k` best of each user, none that scores below `min_score`, and at most `per_shop` goods of one
    shop, where 0 means any number."""

    k: int
    min_score: float = 0.0
    per_shop: int = 0

    @property
    def choosy(self) -> bool:
        return self.min_score > 0 or self.per_shop > 0


class PooledCandidates(NamedTuple):
    """Candidates' embeddings, and the history pooled for each, both [C, D]; of goods the steps of their matches, where
    the model has them."""

    u_CD: torch.Tensor
    pooled_CD: torch.Tensor
    step_C2: torch.Tensor | None


class UserBatch:
    """Users with their histories and candidates, on the device of the model."""

    def __init__(
        self,
        model: DIN,
        candidates: "Candidates",
        goods: EventSequence,
        shops: EventSequence,
        precision: Precision,
        pool: PoolHistories | None,
    ) -> None:
        self.model, self.candidates, self.pool = model, candidates, pool or select_pool_backend(model, precision)
        self.precision: Precision = precision
        self.device = next(model.parameters()).device
        self.as_of_U = to_device(np.full(len(candidates.user_keys), candidates.as_of), self.device)
        config = model.config
        self.goods = DeviceHistories.of(goods, candidates.goods_spans, config.goods_length, self.device)
        self.shops = DeviceHistories.of(shops, candidates.shop_spans, config.shop_length, self.device)
        for histories in (self.goods, self.shops):
            histories.refuse_what_is_not_past(self.as_of_U)

    def best(self, users: slice, rules: SelectionRules) -> tuple[np.ndarray, ...]:
        """Of some users' best, as the rules let them in: the user's number, the rank, the place in `candidates`, the
        score."""
        offsets = self.candidates.offsets[users.start : users.stop + 1]
        own, counts = slice(offsets[0], offsets[-1]), np.diff(offsets)
        count_U = to_device(counts, self.device)
        number_U = torch.arange(len(counts), device=self.device)
        user_C = torch.repeat_interleave(number_U, count_U, output_size=int(own.stop - own.start))
        goods_C, shop_C = (
            to_device(keys[own], self.device).long() for keys in (self.candidates.goods_keys, self.candidates.shop_keys)
        )
        with autocast(self.precision, self.device):
            in_goods = self.attend(self.model.goods, self.goods, users, user_C, goods_C)
            in_shops = self.attend(self.model.shops, self.shops, users, user_C, shop_C)
            user_UD = self.model.of_user(to_device(self.candidates.user_keys[users], self.device).long())
            parts_CD = (*in_goods[:2], *in_shops[:2])
            if tiled_backend.can_score(self.model, self.precision):
                score_C = tiled_backend.scores(self.model, parts_CD, user_UD, user_C, in_goods.step_C2)
            else:
                user_CD = None if user_UD is None else user_UD[user_C]
                logit_C = self.model.logits(*parts_CD, user_BD=user_CD, step_B2=in_goods.step_C2)
                score_C = torch.sigmoid(logit_C.float())
        broken = torch.where(torch.isfinite(score_C), len(counts), user_C)
        place_R, rank_R = select_top_k(score_C, goods_C, shop_C, user_C, count_U, rules)
        if len(broken) and (first := int(broken.min())) < len(counts):
            user_key = self.candidates.user_keys[users.start + first]
            raise ScoreError(
                f"user key {user_key}: a score is not a number; the model's weights are damaged, train again"
            )
        found = (user_C[place_R] + users.start, rank_R + 1, place_R + own.start, score_C[place_R])
        return tuple(column.cpu().numpy() for column in found)

    def attend(
        self,
        group: AttentionGroup,
        histories: DeviceHistories,
        users: slice,
        user_C: torch.Tensor,
        keys_C: torch.Tensor,
    ) -> PooledCandidates:
        chosen_U = torch.arange(users.start, users.stop, device=self.device)
        positions = int(histories.known_length_X[users].sum())
        history = histories.cut(chosen_U, self.as_of_U[users], positions)
        distinct = UniquePairs.of(user_C, keys_C)
        u_KD = group.embed(distinct.keys)
        if group.pooling == "din":
            wanted = CandidateBatch(u_KD, *segment_ranges(distinct.owner, len(chosen_U)))
            pooled_KD = self.pool(group, wanted, dedup_items(group, history, len(chosen_U)))
        else:
            pooled_KD = pool_without_candidate(group, history, len(chosen_U))[distinct.owner]
        step_C2 = None
        if self.model.matches is not None and group is self.model.goods:
            step_C2 = repeat_buckets_by_pair(distinct.owner, distinct.keys, history)[distinct.back]
        return PooledCandidates(u_KD[distinct.back], pooled_KD[distinct.back], step_C2)

    def why(self, user_P: np.ndarray, place_P: np.ndarray, top: int) -> tuple[np.ndarray, ...]:
        """What of the history carried the most weight for each pair, goods before shops: the number of the pair, the
        part, the key, the latest time, the weight summed over repeats, its share."""
        columns = []
        for part, group, histories, keys in (
            ("goods", self.model.goods, self.goods, self.candidates.goods_keys),
            ("shop", self.model.shops, self.shops, self.candidates.shop_keys),
        ):
            candidate_P = to_device(keys[place_P], self.device).long()
            pair, *rest = history_attribution(group, histories, user_P, candidate_P, self.as_of_U, top)
            columns.append((pair, np.full(len(pair), part), *rest))
        found = [np.concatenate(column) for column in zip(*columns, strict=True)]
        order = np.argsort(found[0], kind="stable")
        return tuple(column[order] for column in found)


class UniquePairs(NamedTuple):
    """Keys that differ within their owner, by owner and key; how often each is there, and which of them each was."""

    owner: torch.Tensor
    keys: torch.Tensor
    times: torch.Tensor
    back: torch.Tensor

    @classmethod
    def of(cls, owner: torch.Tensor, keys: torch.Tensor) -> "UniquePairs":
        both, back, times = torch.unique((owner << KEY_BITS) | keys, return_inverse=True, return_counts=True)
        return cls(both >> KEY_BITS, both & ((1 << KEY_BITS) - 1), times, back)


def segment_ranges(owner: torch.Tensor, owners: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Where each owner's begin among what lies end to end, and how many they are."""
    edges = segment_offsets(owner, owners)
    return edges[:-1], edges.diff()


def dedup_items(group: AttentionGroup, history: JaggedHistory, users: int) -> HistoryBatch:
    """Events that the activation unit sees alike are one item: of one key, in one step of time and one of position."""
    chosen_M, times_M = unique_positions(history, group.placed.steps(history))
    v_MD = group.embed(history.keys_N[chosen_M])
    seen_MD = sum((table[place_N[chosen_M]] for table, place_N in group.placed(history)), v_MD)
    return HistoryBatch(v_MD, seen_MD, times_M, *segment_ranges(history.example_N[chosen_M], users))


def pool_without_candidate(group: AttentionGroup, history: JaggedHistory, users: int) -> torch.Tensor:
    """Where the weights do not depend on the candidate: the same for all of a user's, [U, D]."""
    v_ND = group.embed(history.keys_N)
    return pooled(group.weights(v_ND.new_empty(users, 0), v_ND, history), v_ND, history.example_N, users)


def top_k_per_group(
    score_C: torch.Tensor, keys_C: torch.Tensor, owner_C: torch.Tensor, count_U: torch.Tensor, k: int, taken: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Places of the k highest scores of each owner, `taken` in all, best first, a tie to the smaller key; and how many
    of the same owner come before each."""
    order_C = keys_C.argsort(stable=True)
    order_C = order_C[score_C[order_C].argsort(descending=True, stable=True)]
    order_C = order_C[owner_C[order_C].argsort(stable=True)]
    kept_U = count_U.clamp_max(k)
    owner_R = torch.repeat_interleave(torch.arange(len(count_U), device=count_U.device), kept_U, output_size=taken)
    rank_R = torch.arange(taken, device=count_U.device) - (kept_U.cumsum(0) - kept_U)[owner_R]
    return order_C[(count_U.cumsum(0) - count_U)[owner_R] + rank_R], rank_R


def select_top_k(
    score_C: torch.Tensor,
    goods_C: torch.Tensor,
    shop_C: torch.Tensor,
    user_C: torch.Tensor,
    count_U: torch.Tensor,
    rules: SelectionRules,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Places and ranks of the best of each user among those that the rules let in.

    Taking the best that still fits a shop's share, one after the other, gives the highest scores that any choice within
    the rules could: so the first `per_shop` of each user and shop, and of them the first `k` of each user.
    """
    if not rules.choosy:
        return top_k_per_group(score_C, goods_C, user_C, count_U, rules.k, int(count_U.clamp_max(rules.k).sum()))
    place_A = torch.nonzero(score_C.double() >= rules.min_score).squeeze(1)  # as the score is published
    if rules.per_shop:
        in_shop = shop_C[place_A] > 0  # goods without a shop are not of one
        place_S, place_A = place_A[in_shop], place_A[~in_shop]
        shops = UniquePairs.of(user_C[place_S], shop_C[place_S])
        few = int(shops.times.clamp_max(rules.per_shop).sum())
        best_S, _ = top_k_per_group(score_C[place_S], goods_C[place_S], shops.back, shops.times, rules.per_shop, few)
        place_A = torch.cat([place_A, place_S[best_S]])
    left_U = torch.bincount(user_C[place_A], minlength=len(count_U))
    taken = int(left_U.clamp_max(rules.k).sum())
    best_R, rank_R = top_k_per_group(score_C[place_A], goods_C[place_A], user_C[place_A], left_U, rules.k, taken)
    return place_A[best_R], rank_R


def history_attribution(
    group: AttentionGroup,
    histories: DeviceHistories,
    user_P: np.ndarray,
    candidate_P: torch.Tensor,
    as_of_U: torch.Tensor,
    top: int,
) -> tuple[np.ndarray, ...]:
    """The `top` history keys of each pair by the size of their weight: pair, key, latest time, weight, share."""
    chosen_P = to_device(user_P, candidate_P.device)
    positions = int(histories.known_length_X[user_P].sum())
    history = histories.cut(chosen_P, as_of_U[chosen_P], positions)
    _, place_N = histories.places(chosen_P, positions)
    weights_N = group.weights(group.embed(candidate_P), group.embed(history.keys_N), history)
    heaviest = top_weighted_keys(weights_N, history, histories.ts_E[place_N], len(user_P), top)
    return tuple(column.cpu().numpy() for column in heaviest)


def top_weighted_keys(
    weights_N: torch.Tensor, history: JaggedHistory, ts_N: torch.Tensor, pairs: int, top: int
) -> tuple[torch.Tensor, ...]:
    """Weights summed over the repeats of a key; the latest time of each, its share, and the `top` of each pair.

    Without a softmax a weight may be negative; what counts is how much it carries, either way. The share is of all keys
    of the pair, those beyond the `top` included.
    """
    distinct = UniquePairs.of(history.example_N, history.keys_N)
    order_N = distinct.back.argsort(stable=True)
    weight = segment_sum(weights_N.double()[order_N], distinct.back[order_N], len(distinct.keys))
    latest = torch.zeros_like(distinct.keys).scatter_reduce(0, distinct.back, ts_N, "amax")
    all_P = segment_sum(weight.abs(), distinct.owner, pairs)
    share = weight.abs() / all_P[distinct.owner].clamp_min(MIN_WEIGHT)
    count_P = segment_ranges(distinct.owner, pairs)[1]
    taken = int(count_P.clamp_max(top).sum())
    chosen, _ = top_k_per_group(weight.abs(), distinct.keys, distinct.owner, count_P, top, taken)
    return distinct.owner[chosen], distinct.keys[chosen], latest[chosen], weight[chosen], share[chosen]
