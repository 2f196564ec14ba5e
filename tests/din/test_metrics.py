"""Scores and labels -> how well a model ranks, and how far its scores are probabilities."""

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss, roc_auc_score

import din
from din.metrics import auc, calibration, calibration_error, gauc, logloss, mean_std, user_groups

Row = tuple[int, int, float]
SCORES = [0.1, 0.2, 0.7, 0.9]
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.sampled_from(SCORES)), max_size=40)
RISING = {
    "the logit": lambda scores: np.log(scores / (1 - scores)),
    "a cube": lambda scores: scores**3 - 5,
    "the place among them": lambda scores: np.searchsorted(SCORES, scores) * 1e-300,
}


def columns(rows: list[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    kinds = (np.int32, np.int8, np.float64)
    users, labels, scores = (np.array([row[place] for row in rows], kind) for place, kind in enumerate(kinds))
    return users, labels, scores


def many_ties(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Users, labels and scores of 20,000 examples; the scores take 50 values."""
    random = np.random.default_rng(seed)
    scores = random.integers(1, 51, 20_000) / 51
    return random.integers(0, 400, 20_000), (random.random(20_000) < scores**2).astype(np.int8), scores


def auc_by_pairs(labels: list[int], scores: list[float]) -> float:
    """Every positive against every negative, a tie half."""
    pairs = [
        (p, n) for p, y in zip(scores, labels, strict=True) if y for n, z in zip(scores, labels, strict=True) if not z
    ]
    return sum((p > n) + (p == n) / 2 for p, n in pairs) / len(pairs) if pairs else math.nan


def gauc_user_by_user(rows: list[Row]) -> tuple[float, ...]:
    """As `gauc` gives it, by a loop over users and pairs."""
    totals, users = {"impressions": [0.0, 0], "positives": [0.0, 0], "equal": [0.0, 0]}, {row[0] for row in rows}
    for user in users:
        labels, scores = [row[1] for row in rows if row[0] == user], [row[2] for row in rows if row[0] == user]
        if 0 < sum(labels) < len(labels):
            weights = {"impressions": len(labels), "positives": sum(labels), "equal": 1}
            for name, weight in weights.items():
                totals[name][0] += weight * auc_by_pairs(labels, scores)
                totals[name][1] += weight
    covered = int(totals["equal"][1])
    averages = (total / weight if weight else math.nan for total, weight in totals.values())
    return (*averages, covered, covered / len(users) if users else math.nan)


@given(rows=ROWS)
def test_auc_is_the_share_of_pairs_in_the_right_order(rows: list[Row]) -> None:
    _, labels, scores = columns(rows)

    assert auc(labels, scores) == pytest.approx(auc_by_pairs(list(labels), list(scores)), abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("seed", range(5))
def test_auc_and_log_loss_are_those_of_scikit_learn(seed: int) -> None:
    _, labels, scores = many_ties(seed)

    assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-9)
    assert logloss(labels, scores) == pytest.approx(log_loss(labels, scores), abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_gauc_is_the_average_of_what_scikit_learn_says_of_each_user(seed: int) -> None:
    users, labels, scores = many_ties(seed)
    rows = [np.flatnonzero(users == user) for user in range(400)]
    both = [own for own in rows if 0 < labels[own].sum() < len(own)]
    each = [roc_auc_score(labels[own], scores[own]) for own in both]

    found = gauc(users, labels, scores)

    assert found.impressions == pytest.approx(np.average(each, weights=[len(own) for own in both]), abs=1e-9)
    assert found.positives == pytest.approx(np.average(each, weights=[labels[own].sum() for own in both]), abs=1e-9)
    assert found.equal == pytest.approx(np.mean(each), abs=1e-9)
    assert (found.users, found.share_covered) == (len(both), len(both) / 400)


@given(rows=ROWS)
def test_gauc_is_what_a_loop_over_users_gives(rows: list[Row]) -> None:
    assert tuple(gauc(*columns(rows))) == pytest.approx(gauc_user_by_user(rows), abs=1e-12, nan_ok=True)


@given(rows=ROWS, data=st.data())
def test_the_order_of_examples_changes_no_rank_metric(rows: list[Row], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))

    np.testing.assert_array_equal(gauc(*columns(shuffled)), gauc(*columns(rows)))
    np.testing.assert_array_equal(auc(*columns(shuffled)[1:]), auc(*columns(rows)[1:]))
    np.testing.assert_array_equal(calibration_error(*columns(shuffled)[1:]), calibration_error(*columns(rows)[1:]))


@pytest.mark.parametrize("name", RISING)
@given(rows=ROWS)
def test_a_strictly_increasing_transformation_of_scores_changes_no_rank_metric(name: str, rows: list[Row]) -> None:
    users, labels, scores = columns(rows)
    risen = RISING[name](scores)

    np.testing.assert_array_equal(gauc(users, labels, risen), gauc(users, labels, scores))
    np.testing.assert_array_equal(auc(labels, risen), auc(labels, scores))


@given(rows=ROWS, portion=st.integers(1, 50))
def test_portions_of_any_size_give_the_same_to_the_last_bit(rows: list[Row], portion: int) -> None:
    found = asdict(din.evaluate(*columns(rows), portion=portion))

    np.testing.assert_array_equal(list(found.values()), list(asdict(din.evaluate(*columns(rows))).values()))


@given(users=st.lists(st.integers(-3, 6), max_size=60), portion=st.integers(1, 20))
def test_a_portion_holds_whole_users_and_no_more_rows_than_it_may(users: list[int], portion: int) -> None:
    keys = np.array(users, np.int32)
    portions = list(user_groups(keys, portion))

    assert sorted(row for rows in portions for row in rows) == list(range(len(users)))
    owners = [set(keys[rows]) for rows in portions]
    assert sum(map(len, owners)) == len(set(users))
    assert all(len(rows) <= portion or len(own) == 1 for rows, own in zip(portions, owners, strict=True))


def test_users_of_four_three_and_two_examples_come_in_two_portions_of_seven() -> None:
    found = list(user_groups(np.array([5, 1, 5, 9, 1, 5, 9, 1, 1]), 7))

    assert [rows.tolist() for rows in found] == [[1, 4, 7, 8, 0, 2, 5], [3, 6]]


def test_the_three_weightings_of_gauc() -> None:
    users = np.array([1, 1, 1, 1, 2, 2, 2, 3, 3])
    labels = np.array([1, 0, 0, 0, 1, 1, 0, 1, 1])
    scores = np.array([0.9, 0.1, 0.2, 0.3, 0.5, 0.5, 0.5, 0.1, 0.2])  # AUC 1 and 1/2; the third has no negative

    assert gauc(users, labels, scores) == pytest.approx(((4 + 1.5) / 7, (1 + 1) / 3, 0.75, 2, 2 / 3))


def test_evaluate_says_how_many_users_have_a_gauc() -> None:
    found = din.evaluate(np.array([1, 1, 2]), np.array([0, 1, 1]), np.array([0.25, 0.75, 0.5]))

    assert asdict(found) == {
        "auc": 1.0,
        "gauc": 1.0,
        "logloss": pytest.approx(-(2 * math.log(0.75) + math.log(0.5)) / 3),
        "users": 1,
        "examples": 3,
        "gauc_positives": 1.0,
        "gauc_equal": 1.0,
        "share_covered": 0.5,
        "calibration_error": pytest.approx((0.25 + 0.5 + 0.25) / 3),
        "calibration": pytest.approx(0.75),
    }


def test_without_examples_nothing_can_be_said() -> None:
    found = asdict(din.evaluate(*columns([])))

    assert (found.pop("users"), found.pop("examples")) == (0, 0)
    assert all(math.isnan(value) for value in found.values()), found


@pytest.mark.parametrize("label", [0, 1])
def test_with_one_label_there_is_no_order_but_a_loss(label: int) -> None:
    found = din.evaluate(*columns([(1, label, 0.5), (1, label, 0.5)]))

    assert math.isnan(found.auc)
    assert [math.isnan(value) for value in (found.gauc, found.gauc_positives, found.gauc_equal)] == [True] * 3
    assert (found.users, found.share_covered) == (0, 0.0)
    assert found.logloss == pytest.approx(math.log(2))
    assert found.calibration_error == 0.5
    assert found.calibration == pytest.approx([math.nan, 0.5][label], nan_ok=True)


def test_a_score_that_is_not_a_number_leaves_nothing_to_say() -> None:
    found = asdict(din.evaluate(*columns([(1, 1, 0.5), (1, 0, math.nan), (2, 0, 0.1), (2, 1, 0.2)])))

    assert (found.pop("users"), found.pop("examples")) == (0, 4)
    assert all(math.isnan(value) for value in found.values()), found


def test_log_loss_of_a_coin_is_log_two() -> None:
    assert logloss(np.array([0, 1]), np.array([0.5, 0.5])) == pytest.approx(math.log(2))


def test_the_calibration_error_is_how_far_bins_are_off_by_their_share() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    scores = np.array([0.1, 0.1, 0.2, 0.2, 0.6, 0.7, 0.8, 0.9])  # two bins: 0.15 against 0.25, 0.75 against 1

    assert calibration_error(labels, scores, bins=2) == pytest.approx((0.10 + 0.25) / 2)


def test_a_tie_is_in_one_bin() -> None:
    labels = np.array([0, 0, 1, 1])

    assert calibration_error(labels, np.full(4, 0.5), bins=2) == 0.0
    assert calibration_error(labels, np.array([0.25, 0.5, 0.5, 0.5]), bins=2) == pytest.approx(abs(1.75 - 2) / 4)


def test_twenty_bins_of_equal_count() -> None:
    labels, scores = np.tile([0, 1], 50), np.arange(100) / 100

    each = [abs(scores[5 * b : 5 * b + 5].mean() - labels[5 * b : 5 * b + 5].mean()) for b in range(20)]

    assert calibration_error(labels, scores) == pytest.approx(np.mean(each))


def test_calibration_is_expected_over_found() -> None:
    assert calibration(np.array([0, 0, 0, 1]), np.array([0.5, 0.5, 0.5, 0.5], np.float32)) == pytest.approx(2.0)


def test_rela_impr_counts_from_a_coin_toss() -> None:
    assert din.rela_impr(0.70, 0.60) == pytest.approx(100.0)
    assert math.isnan(din.rela_impr(0.7, 0.5))


def test_rela_impr_over_a_base_no_better_than_a_coin_toss_is_not_a_number() -> None:
    assert math.isnan(din.rela_impr(0.7, 0.45))
    assert math.isnan(din.rela_impr(0.7, math.nan))


def test_one_value_has_no_deviation() -> None:
    assert mean_std([1.0, 2.0, 4.5]) == pytest.approx((2.5, math.sqrt((1.5**2 + 0.5**2 + 2**2) / 2)))
    assert mean_std([0.7]) == pytest.approx((0.7, math.nan), nan_ok=True)
