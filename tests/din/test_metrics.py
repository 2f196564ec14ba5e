"""Scores and labels -> how well a model ranks."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import din
from din.metrics import auc, grouped_auc, logloss

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.sampled_from([0.1, 0.2, 0.2, 0.7])), max_size=40)


def auc_by_pairs(labels: list[int], scores: list[float]) -> float:
    """Every positive against every negative, a tie half."""
    pairs = [
        (p, n) for p, y in zip(scores, labels, strict=True) if y for n, z in zip(scores, labels, strict=True) if not z
    ]
    return sum((p > n) + (p == n) / 2 for p, n in pairs) / len(pairs) if pairs else math.nan


@given(rows=ROWS)
def test_auc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[int, int, float]]) -> None:
    labels, scores = [row[1] for row in rows], [row[2] for row in rows]

    assert auc(np.array(labels), np.array(scores)) == pytest.approx(
        auc_by_pairs(labels, scores), abs=1e-12, nan_ok=True
    )


@given(rows=ROWS)
def test_gauc_is_the_auc_of_each_user_weighted_by_examples(rows: list[tuple[int, int, float]]) -> None:
    columns = [np.array([row[i] for row in rows]) for i in range(3)]
    users = [[row for row in rows if row[0] == user] for user in range(4)]
    each = [(auc_by_pairs([row[1] for row in own], [row[2] for row in own]), len(own)) for own in users]
    covered = [(value, weight) for value, weight in each if not math.isnan(value)]
    expected = sum(v * w for v, w in covered) / sum(w for _, w in covered) if covered else math.nan

    found, count = grouped_auc(*columns)

    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert count == len(covered)


def test_log_loss_of_a_coin_is_log_two() -> None:
    assert logloss(np.array([0, 1]), np.array([0.5, 0.5])) == pytest.approx(math.log(2))


def test_evaluate_says_how_many_users_have_a_gauc() -> None:
    found = din.evaluate(np.array([1, 1, 2]), np.array([0, 1, 1]), np.array([0.2, 0.8, 0.5]))

    assert (found.auc, found.gauc, found.users, found.examples) == (1.0, 1.0, 1, 3)


def test_rela_impr_counts_from_a_coin_toss() -> None:
    assert din.rela_impr(0.70, 0.60) == pytest.approx(100.0)
    assert math.isnan(din.rela_impr(0.7, 0.5))


def test_rela_impr_over_a_base_no_better_than_a_coin_toss_is_not_a_number() -> None:
    assert math.isnan(din.rela_impr(0.7, 0.45))
    assert math.isnan(din.rela_impr(0.7, math.nan))
