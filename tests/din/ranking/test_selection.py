"""Who may be ranked: a least score, and so many goods of one shop, exact beside the greedy choice by hand."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import din
from din import Candidates
from din.ranking import ranker
from din.ranking.ranker import rank
from din.ranking.user_batch import SelectionRules, select_top_k
from tests.din.model.test_din import EVERY
from tests.din.ranking.test_user_batch import crowd
from tests.din.worlds import model_of


def chosen_by_hand(
    everything: din.Ranking, candidates: Candidates, k: int, min_score: float, per_shop: int
) -> list[tuple[int, int, int]]:
    """Down each user's whole ranking, taking what the rules let in: user, rank, place."""
    found: list[tuple[int, int, int]] = []
    taken, of_shop = Counter(), Counter()
    for user, place, score in zip(everything.user_keys, everything.candidate, everything.score, strict=True):
        shop = int(candidates.shop_keys[place])
        full = per_shop and shop and of_shop[user, shop] >= per_shop
        if score >= min_score and not full and taken[user] < k:
            taken[user] += 1
            of_shop[user, shop] += 1
            found.append((int(user), taken[user], int(place)))
    return found


@pytest.mark.parametrize("at_once", [1 << 20, 30], ids=["in one", "in chunks"])
@pytest.mark.parametrize(("k", "quantile", "per_shop"), [(5, 0.4, 0), (5, 0.0, 1), (3, 0.3, 2), (99, 0.5, 1)])
def test_the_best_that_the_rules_let_in_are_ranked(
    k: int, quantile: float, per_shop: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ranker.CANDIDATES_PER_CHUNK, "cpu", at_once)
    model, (candidates, goods, shops) = model_of(EVERY[0]), crowd()
    candidates.shop_keys[::5] = 0
    everything, _ = rank(model, candidates, goods, shops, k=99)
    least = float(np.quantile(everything.score, quantile)) if quantile else 0.0

    found, why = rank(model, candidates, goods, shops, k, why_top=1, min_score=least, per_shop=per_shop)

    by_hand = chosen_by_hand(everything, candidates, k, least, per_shop)
    assert list(zip(found.user_keys, found.rank, found.candidate, strict=True)) == by_hand
    assert len(by_hand) < min(len(everything.score), k * len(candidates.user_keys))
    firsts = set(found.candidate[found.rank == 1].tolist())
    assert set(why.candidate.tolist()) <= firsts


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 3), st.sampled_from([0.25, 0.5, 0.75])), min_size=1, max_size=30
    ),
    k=st.integers(1, 5),
    per_shop=st.integers(0, 3),
    min_score=st.sampled_from([0.0, 0.5, 0.75]),
)
def test_ties_are_broken_by_goods_key_within_the_rules_too(
    rows: list[tuple[int, int, float]], k: int, per_shop: int, min_score: float
) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    users, shops, scores = (np.array(column) for column in zip(*rows, strict=True))
    goods = np.random.default_rng(len(rows)).permutation(len(rows))
    count = torch.from_numpy(np.bincount(users, minlength=3))
    best_first = np.lexsort((goods, -scores, users))
    everything = din.Ranking(users[best_first], best_first * 0, best_first, scores[best_first])

    places, ranks = select_top_k(
        torch.from_numpy(scores),
        torch.from_numpy(goods),
        torch.from_numpy(shops),
        torch.from_numpy(users),
        count,
        SelectionRules(k, min_score, per_shop),
    )

    candidates = Candidates(users, users, goods, shops, None, None, 0)  # type: ignore[arg-type]
    by_hand = chosen_by_hand(everything, candidates, k, min_score, per_shop)
    assert list(zip(users[places.numpy()], (ranks + 1).tolist(), places.tolist(), strict=True)) == by_hand


def test_a_score_at_the_least_one_is_ranked_and_the_next_below_is_not() -> None:
    model, (candidates, goods, shops) = model_of(EVERY[0]), crowd()
    everything, _ = rank(model, candidates, goods, shops, k=99)
    least = float(np.median(everything.score))

    found, _ = rank(model, candidates, goods, shops, k=99, min_score=least)
    fewer, _ = rank(model, candidates, goods, shops, k=99, min_score=np.nextafter(least, 1))

    assert (found.score.min(), len(found.score)) == (least, (everything.score >= least).sum())
    assert len(fewer.score) == (everything.score > least).sum()


def test_where_nothing_is_good_enough_nothing_is_ranked() -> None:
    found, why = rank(model_of(EVERY[0]), *crowd(), k=5, why_top=2, min_score=1.0)

    assert [len(column) for column in (*found, *why)] == [0] * 11
