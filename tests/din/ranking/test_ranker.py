"""A user's history and candidates -> the best of them, with why."""

import numpy as np
import pytest
import torch

import din
from din import DIN, DinConfig, DinError, EventSequence, Spans
from din.data.batch import JaggedHistory
from din.ranking.user_batch import top_k_per_group, top_weighted_keys

SMALL = DinConfig(embedding_dim=8, attention_hidden_units=(8, 4), mlp_hidden_units=(8,))


def test_a_tie_goes_to_the_smaller_goods_key() -> None:
    scores, keys, of_one_user = torch.tensor([0.5, 0.9, 0.5, 0.5]), torch.tensor([7, 3, 2, 9]), torch.zeros(4).long()

    places, _ = top_k_per_group(scores, keys, of_one_user, torch.tensor([4]), k=3, taken=3)

    assert places.tolist() == [1, 2, 0]


def test_weights_are_summed_over_repeats_and_ordered_by_size() -> None:
    weights, keys, ts = torch.tensor([1.0, -5.0, 2.0, 0.5]), torch.tensor([4, 2, 4, 9]), torch.tensor([10, 20, 30, 40])
    of_one = JaggedHistory(keys, torch.zeros(4).long(), torch.ones(4))

    _, *found = top_weighted_keys(weights, of_one, ts, pairs=1, top=2)

    assert [part.tolist() for part in found] == [[2, 4], [20, 30], [-5.0, 3.0], [5 / 8.5, 3 / 8.5]]


def test_where_nothing_carries_any_weight_every_share_is_zero() -> None:
    of_one = JaggedHistory(torch.tensor([4, 2]), torch.zeros(2).long(), torch.ones(2))

    *_, share = top_weighted_keys(torch.zeros(2), of_one, torch.tensor([10, 20]), pairs=1, top=2)

    assert share.tolist() == [0.0, 0.0]


def two_users(model: DIN, why_top: int = 1) -> tuple[din.Ranking, din.HistoryWeights]:
    goods = EventSequence(np.array([1, 2, 1], np.int32), np.array([100, 200, 300]))
    shops = EventSequence(np.array([5], np.int32), np.array([100]))
    candidates = din.Candidates(
        np.array([11, 12]),
        np.array([0, 3, 5]),
        np.array([1, 2, 3, 1, 2]),
        np.array([5, 5, 6, 5, 5]),
        Spans(np.array([0, 0]), np.array([3, 0])),
        Spans(np.array([0, 0]), np.array([1, 0])),
        86_400_000_000,
    )
    return din.rank(model, candidates, goods, shops, k=2, why_top=why_top, why_history=5)


def test_the_history_explains_the_first_goods_and_nothing_explains_who_has_none() -> None:
    torch.manual_seed(0)
    ranked, why = two_users(DIN(SMALL, 10, 10).eval())

    assert ranked.user_keys.tolist() == [11, 11, 12, 12]
    assert ranked.rank.tolist() == [1, 2, 1, 2]
    assert set(why.user_keys.tolist()) == {11}
    assert set(why.candidate.tolist()) == {int(ranked.candidate[0])}
    rows = zip(why.part.tolist(), why.history_keys.tolist(), why.ts.tolist(), strict=True)
    assert sorted(rows) == [("goods", 1, 300), ("goods", 2, 200), ("shop", 5, 100)]


def test_without_why_there_are_rows_of_none() -> None:
    torch.manual_seed(0)
    _, why = two_users(DIN(SMALL, 10, 10).eval(), why_top=0)

    assert [len(column) for column in why] == [0] * 7


def test_a_score_that_is_no_number_is_refused() -> None:
    model = DIN(SMALL, 10, 10).eval()
    with torch.no_grad():
        model.goods.embedding.weight.fill_(float("nan"))

    with pytest.raises(DinError, match="user key 11: a score is not a number"):
        two_users(model)
