"""Batches and rankings as one would make them by hand, and histories pooled by folding: what din's ways of doing many
at once are held against."""

import numpy as np
import torch

from din import Candidates, DinError, EventSequence, Examples, HistoryWeights, Ranking, Spans
from din.data.batch import MICROSECONDS_PER_DAY, Batch, JaggedHistory
from din.model.din import DIN, AttentionGroup
from din.ranking.padded_pooling import CandidateBatch, HistoryBatch, pool_padded
from din.ranking.ranker import rank
from din.ranking.user_batch import PoolHistories


def cut_history(sequence: EventSequence, spans: Spans, as_of: np.ndarray) -> JaggedHistory:
    """Gathers the slices of `spans` end to end. Raises DinError where an event is not strictly before `as_of`."""
    lengths = spans.end - spans.start
    example = np.repeat(np.arange(len(lengths)), lengths)
    first = np.cumsum(lengths) - lengths
    position = np.arange(len(example)) - first[example] + spans.start[example]
    age = (as_of[example] - sequence.ts[position]) / MICROSECONDS_PER_DAY
    if len(age) and age.min() <= 0:
        raise DinError("a history holds an event that is not strictly before its example's as_of")
    return JaggedHistory(
        torch.from_numpy(sequence.keys[position].astype(np.int64)),
        torch.from_numpy(example),
        torch.from_numpy(age.astype(np.float32)),
    )


def cut_batch(
    rows: np.ndarray, examples: Examples, goods: EventSequence, shops: EventSequence, lengths: tuple[int, int]
) -> Batch:
    """The batch of the examples in `rows`; `lengths` caps the goods and the shop history, newest kept."""

    def history(sequence: EventSequence, spans: Spans, length: int) -> JaggedHistory:
        return cut_history(sequence, Spans(spans.start[rows], spans.end[rows]).newest(length), examples.as_of[rows])

    return Batch(
        torch.from_numpy(examples.goods_keys[rows].astype(np.int64)),
        torch.from_numpy(examples.shop_keys[rows].astype(np.int64)),
        history(goods, examples.goods_spans, lengths[0]),
        history(shops, examples.shop_spans, lengths[1]),
        torch.from_numpy(examples.user_keys[rows].astype(np.int64)),
    )


@torch.inference_mode()
def rank_one_by_one(
    model: DIN,
    candidates: Candidates,
    goods: EventSequence,
    shops: EventSequence,
    k: int,
    why_top: int = 0,
    why_history: int = 5,
) -> tuple[Ranking, HistoryWeights]:
    """What `din.rank` gives, by the plain forward pass of one user's candidates after another's."""
    ranked, why = [], []
    lengths = (model.config.goods_length, model.config.shop_length)
    for i, user_key in enumerate(candidates.user_keys):
        place = np.arange(candidates.offsets[i], candidates.offsets[i + 1])
        own = Examples(
            np.full(len(place), user_key),
            candidates.goods_keys[place],
            candidates.shop_keys[place],
            np.zeros(len(place)),
            np.full(len(place), candidates.as_of),
            repeated(candidates.goods_spans, i, len(place)),
            repeated(candidates.shop_spans, i, len(place)),
        )
        score = torch.sigmoid(model(cut_batch(np.arange(len(place)), own, goods, shops, lengths))).numpy()
        if not np.isfinite(score).all():
            raise DinError(
                f"user key {user_key}: a score is not a number; the model's weights are damaged, train again"
            )
        best = np.lexsort((own.goods_keys, -score))[:k]
        ranked += [(user_key, rank, place[at], score[at]) for rank, at in enumerate(best, start=1)]
        for at in best[:why_top]:
            one = cut_batch(np.array([at]), own, goods, shops, lengths)
            for part, group, key, history, sequence, span in (
                ("goods", model.goods, one.goods_B, one.goods_history, goods, own.goods_spans.newest(lengths[0])),
                ("shop", model.shops, one.shop_B, one.shop_history, shops, own.shop_spans.newest(lengths[1])),
            ):
                weights = group.weights(group.embed(key), group.embed(history.keys_N), history).numpy()
                seen = slice(span.start[at], span.end[at])
                found = heaviest(weights, sequence.keys[seen], sequence.ts[seen])[:why_history]
                why += [(user_key, place[at], part, *row) for row in found]
    return Ranking(*columns(ranked, "iiif")), HistoryWeights(*columns(why, "iiUiiff"))


def repeated(spans: Spans, i: int, times: int) -> Spans:
    return Spans(np.full(times, spans.start[i]), np.full(times, spans.end[i]))


def heaviest(weights: np.ndarray, keys: np.ndarray, ts: np.ndarray) -> list[tuple[int, int, float, float]]:
    """Key, latest time, weight summed over repeats, and its share of all, the heaviest first, either way."""
    found = [(key, ts[keys == key].max(), weights[keys == key].astype(np.float64).sum()) for key in np.unique(keys)]
    total = sum(abs(weight) for *_, weight in found)
    return sorted(((*row, abs(row[2]) / total) for row in found), key=lambda row: (-abs(row[2]), row[0]))


def columns(rows: list[tuple], kinds: str) -> list[np.ndarray]:
    types = {"i": np.int64, "f": np.float64, "U": "<U5"}
    by_column = zip(*rows, strict=True) if rows else [[]] * len(kinds)
    return [np.array(column, types[kind]) for column, kind in zip(by_column, kinds, strict=True)]


def assert_pools_as_folding(
    pool: PoolHistories, model: DIN, data: tuple[Candidates, EventSequence, EventSequence]
) -> None:
    """Of goods and of shops, at statistics as a training might leave them."""
    for name, buffer in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.5, 1.5)
    asked: list[tuple[torch.Tensor, torch.Tensor]] = []

    def both(group: AttentionGroup, wanted: CandidateBatch, items: HistoryBatch) -> torch.Tensor:
        asked.append((pool_padded(group, wanted, items), pool(group, wanted, items)))
        return asked[-1][1]

    rank(model, *data, k=5, pool=both)

    assert len(asked) == 2  # goods and shops
    for folded_KD, found_KD in asked:
        assert folded_KD.abs().max() > 0.1
        assert torch.allclose(folded_KD, found_KD, atol=1e-5)


def end_to_end(counts: list[int], width: int, device: str = "cpu") -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random rows of so many owners: the rows, and where each owner's begin and how many they are."""
    count_U = torch.tensor(counts)
    rows = torch.randn(int(count_U.sum()), width)
    return rows.to(device), (count_U.cumsum(0) - count_U).to(device), count_U.to(device)
