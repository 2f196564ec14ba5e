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


class Attended(NamedTuple):
    """One group of one user, as its C candidates see it: their embeddings and the pooled histories, both [C, D].

    `weights_KT` is how much each of T history keys carried, over its repeats, for each of K candidates that differ;
    `back_C` says which of these a candidate is.
    """

    u_CD: torch.Tensor
    pooled_CD: torch.Tensor
    keys_T: torch.Tensor
    weights_KT: torch.Tensor
    back_C: torch.Tensor


def attend(group: Group, keys_C: torch.Tensor, history: JaggedHistory) -> Attended:
    """Attends once to what repeats, on both sides: shops do among the candidates, shops and goods in the history.

    Two events of one goods weigh the same unless the weight sees when they were.
    """
    unique_K, back_C = torch.unique(keys_C, return_inverse=True)
    keys_T, times_T = history.keys_N, None
    if group.pooling == "din" and not group.placed(history):
        keys_T, times_T = torch.unique(keys_T, return_counts=True)
    u_KD, v_TD = group.embed(unique_K), group.embed(keys_T)
    if group.pooling == "din" and len(keys_T):
        raw_KT = group.unit.every_pair(u_KD, v_TD if times_T is not None else group.placed_in(v_TD, history))
        weights_KT = counted(raw_KT, times_T, group.normalize)
    else:
        weights_KT = group.weights(u_KD[:1], v_TD, history).expand(len(u_KD), len(v_TD))
    return Attended(u_KD[back_C], (weights_KT @ v_TD)[back_C], keys_T, weights_KT, back_C)


def counted(raw_KT: torch.Tensor, times_T: torch.Tensor | None, normalize: str) -> torch.Tensor:
    """The weights of history keys that stand for so many events each."""
    if normalize == "softmax":
        return torch.softmax(raw_KT if times_T is None else raw_KT + times_T.log(), dim=-1)
    return raw_KT if times_T is None else raw_KT * times_T


def best(score_C: np.ndarray, goods_keys_C: np.ndarray, k: int) -> np.ndarray:
    """Places of the k highest scores, best first; a tie goes to the smaller goods key."""
    return np.lexsort((goods_keys_C, -score_C))[:k]


def carried(weights_T: np.ndarray, keys_T: np.ndarray, seen: Sequence, top: int) -> tuple[np.ndarray, ...]:
    """The `top` history keys by the size of their weight, summed over repeats: keys, the latest time of each, weights.

    Without a softmax a weight may be negative; what counts is how much it carries, either way.
    """
    keys, back = np.unique(keys_T, return_inverse=True)
    weight = np.bincount(back, weights_T.astype(np.float64), minlength=len(keys))
    latest = np.zeros(len(keys), np.int64)
    np.maximum.at(latest, np.searchsorted(keys, seen.keys), seen.ts)
    chosen = np.lexsort((keys, -np.abs(weight)))[:top]
    return keys[chosen], latest[chosen], weight[chosen]


@torch.inference_mode()
def rank_one_by_one(
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
    shops with the highest weights: one user after the other, as it reads; what `rank_together` (din/together.py) is
    held against. Raises DinError where a score is not a number."""
    device = next(model.parameters()).device
    taken = np.minimum(np.diff(candidates.offsets), k)
    ranked = Ranked(*table(int(taken.sum()), "iiif"))
    why = Weights(*table(int(np.minimum(taken, why_top).sum()) * 2 * why_history, "iiUiif"))
    ranks = reasons = 0
    for i, user_key in enumerate(candidates.user_keys):
        own = slice(candidates.offsets[i], candidates.offsets[i + 1])
        spans = newest_of(model, candidates, i)
        as_of = np.array([candidates.as_of])
        in_goods, in_shops = (
            attend(group, as_keys(keys[own], device), to(cut_history(sequence, span, as_of), device))
            for group, keys, sequence, span in (
                (model.goods, candidates.goods_keys, goods, spans[0]),
                (model.shops, candidates.shop_keys, shops, spans[1]),
            )
        )
        user_1D = model.of_user(as_keys(candidates.user_keys[i : i + 1], device))
        score_C = torch.sigmoid(model.logits(*in_goods[:2], *in_shops[:2], user_BD=user_1D)).cpu().numpy()
        if not np.isfinite(score_C).all():
            raise DinError(
                f"user key {user_key}: a score is not a number; the model's weights are damaged, train again"
            )
        top = best(score_C, candidates.goods_keys[own], k)
        ranks = put(ranked, ranks, user_key, np.arange(1, len(top) + 1), own.start + top, score_C[top])
        for place in top[:why_top]:
            for part, attended, sequence, span in (
                ("goods", in_goods, goods, spans[0]),
                ("shop", in_shops, shops, spans[1]),
            ):
                seen = slice(span.start[0], span.end[0])
                weights_T = attended.weights_KT[attended.back_C[place]].cpu().numpy()
                of_span = Sequence(sequence.keys[seen], sequence.ts[seen])
                rows = carried(weights_T, attended.keys_T.cpu().numpy(), of_span, why_history)
                reasons = put(why, reasons, user_key, own.start + place, part, *rows)
        on_user(i + 1)
    return ranked, Weights(*(column[:reasons] for column in why))


def newest_of(model: DIN, candidates: Candidates, i: int) -> tuple[Spans, Spans]:
    """The slices of goods and of shops that user i's candidates are scored with."""
    lengths = (model.config.goods_length, model.config.shop_length)
    return candidates.goods_spans.row(i).newest(lengths[0]), candidates.shop_spans.row(i).newest(lengths[1])


def table(rows: int, kinds: str) -> list[np.ndarray]:
    """Columns to fill, made whole at once: small arrays kept for each user, between the large ones of scoring that are
    freed again, left holes in the heap (3.0 GB instead of 0.4 for 600 users, docs/experiments.md)."""
    return [np.zeros(rows, {"i": np.int64, "f": np.float64, "U": "<U5"}[kind]) for kind in kinds]


def put(columns: tuple[np.ndarray, ...], at: int, *values: object) -> int:
    """Writes rows from place `at` on; single values stand in each of them. Returns the place after the last."""
    end = at + len(values[-1])  # type: ignore[arg-type]
    for column, value in zip(columns, values, strict=True):
        column[at:end] = value
    return end


def as_keys(keys: np.ndarray, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(keys.astype(np.int64)).to(device)


def to(history: JaggedHistory, device: torch.device) -> JaggedHistory:
    return JaggedHistory(*(tensor.to(device) for tensor in history if tensor is not None))
