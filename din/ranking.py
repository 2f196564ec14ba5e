"""A user's history and candidates -> the best of them, scored, with the history that carried the weight."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from din.batches import JaggedHistory, Sequence, Spans, cut_history
from din.errors import DinError
from din.model import DIN, Group


@dataclass(frozen=True)
class Candidates:
    """U users and their candidates, end to end: those of user i are `[offsets[i], offsets[i + 1])`.

    user_keys [U], offsets [U + 1], goods_keys and shop_keys [C]; the spans, [U], say what each user's history is;
    `as_of` is the end of the data day, in microseconds since 1970 UTC.
    """

    user_keys: np.ndarray
    offsets: np.ndarray
    goods_keys: np.ndarray
    shop_keys: np.ndarray
    goods_spans: Spans
    shop_spans: Spans
    as_of: int


class Ranked(NamedTuple):
    """Parallel arrays, one entry per ranked candidate, best first within a user; `candidate` is its place in
    Candidates.goods_keys."""

    user_keys: np.ndarray
    rank: np.ndarray
    candidate: np.ndarray
    score: np.ndarray


class Weights(NamedTuple):
    """Parallel arrays: the weight that `history_key` carried for a candidate, summed over its repeats in the
    history; `ts` is the latest of them. `part` is 'goods' or 'shop'."""

    user_keys: np.ndarray
    candidate: np.ndarray
    part: np.ndarray
    history_keys: np.ndarray
    ts: np.ndarray
    weight: np.ndarray


class Scored(NamedTuple):
    """One user: the score of each of C candidates, and the weight of each history position for it."""

    score_C: np.ndarray
    goods_weights_CT: torch.Tensor
    shop_weights_CS: torch.Tensor


def pool_for_user(group: Group, keys_C: torch.Tensor, history: JaggedHistory) -> tuple[torch.Tensor, ...]:
    """Embeddings [C, D], pooled histories [C, D] and weights [C, T] of one user's candidates.

    The history is read once for all candidates, and a candidate that repeats (shops do) is attended once: the sum of
    the two parts of the first layer is an outer sum over C unique candidates and T positions.
    """
    unique_K, back_C = torch.unique(keys_C, return_inverse=True)
    u_KD, v_TD = group.embed(unique_K), group.embed(history.keys_N)
    candidates, positions = len(u_KD), len(v_TD)
    if group.pooling == "din" and positions:
        of_candidate_KH, of_history_TH = group.unit.first_layer(u_KD, v_TD)
        first_KTH = of_candidate_KH[:, None] + of_history_TH[None]
        weights_KT = group.unit.weigh(first_KTH.flatten(0, 1)).view(candidates, positions)
        if group.normalize == "softmax":
            weights_KT = torch.softmax(weights_KT, dim=1)
    else:
        weights_KT = group.weights(u_KD[:1], v_TD, history).expand(candidates, positions)
    return u_KD[back_C], (weights_KT @ v_TD)[back_C], weights_KT[back_C]


def score_user(
    model: DIN, goods_C: torch.Tensor, shop_C: torch.Tensor, goods: JaggedHistory, shops: JaggedHistory
) -> Scored:
    goods_CD, goods_pooled_CD, goods_weights_CT = pool_for_user(model.goods, goods_C, goods)
    shop_CD, shop_pooled_CD, shop_weights_CS = pool_for_user(model.shops, shop_C, shops)
    score_C = torch.sigmoid(model.logits(goods_CD, goods_pooled_CD, shop_CD, shop_pooled_CD))
    return Scored(score_C.cpu().numpy(), goods_weights_CT, shop_weights_CS)


def best(score_C: np.ndarray, goods_keys_C: np.ndarray, k: int) -> np.ndarray:
    """Places of the k highest scores, best first; a tie goes to the smaller goods key."""
    return np.lexsort((goods_keys_C, -score_C))[:k]


def carried(weights_T: np.ndarray, keys_T: np.ndarray, ts_T: np.ndarray, top: int) -> tuple[np.ndarray, ...]:
    """The `top` history keys by the size of their weight, summed over repeats: keys, the latest time of each, weights.

    Without a softmax a weight may be negative; what counts is how much it carries, either way.
    """
    keys, back = np.unique(keys_T, return_inverse=True)
    weight = np.bincount(back, weights_T.astype(np.float64), minlength=len(keys))
    latest = np.zeros(len(keys), np.int64)
    np.maximum.at(latest, back, ts_T)
    chosen = np.lexsort((keys, -np.abs(weight)))[:top]
    return keys[chosen], latest[chosen], weight[chosen]


@torch.inference_mode()
def rank(
    model: DIN,
    candidates: Candidates,
    goods: Sequence,
    shops: Sequence,
    k: int,
    why_top: int = 0,
    why_history: int = 5,
    on_user: Callable[[int], None] = lambda users: None,
) -> tuple[Ranked, Weights]:
    """The k best candidates of each user, and for the first `why_top` of them the `why_history` history goods and
    shops with the highest weights. Raises DinError where a score is not a number."""
    torch.set_num_threads(1)  # users are many and small: threads inside an operation only wait for each other
    device = next(model.parameters()).device
    lengths = (model.config.goods_length, model.config.shop_length)
    ranked: list[tuple[np.ndarray, ...]] = []
    why: list[tuple[np.ndarray, ...]] = []
    for i, user_key in enumerate(candidates.user_keys):
        own = slice(candidates.offsets[i], candidates.offsets[i + 1])
        goods_span, shop_span = (
            candidates.goods_spans.row(i).newest(lengths[0]),
            candidates.shop_spans.row(i).newest(lengths[1]),
        )
        as_of = np.array([candidates.as_of])
        scored = score_user(
            model,
            as_keys(candidates.goods_keys[own], device),
            as_keys(candidates.shop_keys[own], device),
            to(cut_history(goods, goods_span, as_of), device),
            to(cut_history(shops, shop_span, as_of), device),
        )
        if not np.isfinite(scored.score_C).all():
            raise DinError(
                f"user key {user_key}: a score is not a number; the model's weights are damaged, train again"
            )
        top = best(scored.score_C, candidates.goods_keys[own], k)
        ranked.append((np.full(len(top), user_key), np.arange(1, len(top) + 1), own.start + top, scored.score_C[top]))
        for place in top[:why_top]:
            for part, weights, sequence, span in (
                ("goods", scored.goods_weights_CT, goods, goods_span),
                ("shop", scored.shop_weights_CS, shops, shop_span),
            ):
                seen = slice(span.start[0], span.end[0])
                rows = carried(weights[place].cpu().numpy(), sequence.keys[seen], sequence.ts[seen], why_history)
                n = len(rows[0])
                why.append((np.full(n, user_key), np.full(n, own.start + place), np.full(n, part), *rows))
        on_user(i + 1)
    return Ranked(*joined(ranked, "iiif")), Weights(*joined(why, "iiUiif"))


def as_keys(keys: np.ndarray, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(keys.astype(np.int64)).to(device)


def to(history: JaggedHistory, device: torch.device) -> JaggedHistory:
    return JaggedHistory(*(tensor.to(device) for tensor in history))


def joined(rows: list[tuple[np.ndarray, ...]], kinds: str) -> list[np.ndarray]:
    """Columns of the rows end to end; empty ones of the right kind where there is no row."""
    empty = {"i": np.int64, "f": np.float64, "U": "<U5"}
    if not rows:
        return [np.zeros(0, empty[kind]) for kind in kinds]
    return [np.concatenate(column) for column in zip(*rows, strict=True)]
