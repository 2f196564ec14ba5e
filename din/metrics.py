"""Scores and labels -> how well a model ranks, and how far its scores are probabilities.

Labels are 0 or 1, one for each score. Where nothing can be said the answer is NaN: without examples, without both
labels, or with a score that is not a number. Needs numpy alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

CHUNK = 4_000_000  # examples sorted at once: about 300 MB while they are
BINS = 20


@dataclass(frozen=True)
class Metrics:
    """AUC over all examples; GAUC, the AUC within each user, weighted by their examples (`gauc`), by their positives,
    or each user alike; log loss in nats; the calibration error, and calibration as one number.

    `users` counts those covered, with both a positive and a negative: only they have a GAUC. `share_covered` is their
    share of all users. NaN where nothing can be said.
    """

    auc: float
    gauc: float
    logloss: float
    users: int
    examples: int
    gauc_positives: float
    gauc_equal: float
    share_covered: float
    calibration_error: float
    calibration: float


class Gauc(NamedTuple):
    """GAUC in its three weightings, how many users it covers, and their share of all."""

    impressions: float
    positives: float
    equal: float
    users: int
    share_covered: float


class UserMetrics(NamedTuple):
    """The AUC of each of U users, NaN for those without both labels; their examples and positives. float64 [U]"""

    auc: np.ndarray
    examples: np.ndarray
    positives: np.ndarray


def evaluate(user_keys: np.ndarray, labels: np.ndarray, scores: np.ndarray, portion: int = CHUNK) -> Metrics:
    """Every metric of N scores. Users are sorted in portions of at most `portion` examples; what is over all examples,
    AUC and calibration error, takes one sort of N scores each. Beside the arrays given: about 50 N bytes."""
    within = gauc(user_keys, labels, scores, portion)
    return Metrics(
        auc=auc(labels, scores),
        gauc=within.impressions,
        logloss=logloss(labels, scores),
        users=within.users,
        examples=len(labels),
        gauc_positives=within.positives,
        gauc_equal=within.equal,
        share_covered=within.share_covered,
        calibration_error=calibration_error(labels, scores),
        calibration=calibration(labels, scores),
    )


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """The chance that a positive outranks a negative, a tie counted half: over P positives p and Q negatives q,

        AUC = sum over all pairs of ([p > q] + [p = q] / 2) / (P Q)

    (Hanley and McNeil 1982). One sort of the N scores, and O(N) memory.
    """
    if np.isnan(scores).any():
        return float("nan")
    is_positive = labels > 0
    positives, negatives = np.sort(scores[is_positive]), np.sort(scores[~is_positive])
    if not len(positives) or not len(negatives):
        return float("nan")
    below, not_above = (int(np.searchsorted(negatives, positives, side).sum()) for side in ("left", "right"))
    return (below + not_above) / 2 / (len(positives) * len(negatives))


def gauc(user_keys: np.ndarray, labels: np.ndarray, scores: np.ndarray, portion: int = CHUNK) -> Gauc:
    """The AUC within each user, averaged over the users i that have both labels:

        GAUC = sum_i w_i AUC_i / sum_i w_i

    with w_i the impressions of the user, which are their examples (equation 7 of the DIN paper, arXiv 1706.06978);
    their positives (the clicks of Zhu et al. 2017, arXiv 1703.02091); or 1, each user alike.

    Users are sorted in portions of at most `portion` examples, one with more by themselves; the size of the portions
    changes nothing. Beside the portion at hand: about 15 N bytes.
    """
    if not len(labels) or np.isnan(scores).any():
        return Gauc(float("nan"), float("nan"), float("nan"), 0, float("nan"))
    found = [auc_by_user(user_keys[rows], labels[rows], scores[rows]) for rows in user_groups(user_keys, portion)]
    each = UserMetrics(*map(np.concatenate, zip(*found, strict=True)))
    covered = UserMetrics(*(column[~np.isnan(each.auc)] for column in each))
    return Gauc(
        average(covered.auc, covered.examples),
        average(covered.auc, covered.positives),
        average(covered.auc, np.ones_like(covered.auc)),
        len(covered.auc),
        len(covered.auc) / len(each.auc),
    )


def users_covered(user_keys: np.ndarray, labels: np.ndarray) -> int:
    """How many users have both a positive and a negative: only they have a GAUC."""
    return gauc(user_keys, labels, np.zeros(len(labels))).users


def user_groups(user_keys: np.ndarray, portion: int) -> Iterator[np.ndarray]:
    """The rows of whole users, in the order of users, at most `portion` rows at once; a user with more comes alone."""
    order = np.argsort(user_keys, kind="stable")  # merges runs: quick where the examples come day by day
    ordered = user_keys[order]
    ends = np.r_[np.flatnonzero(ordered[1:] != ordered[:-1]) + 1, len(ordered)]
    begin = 0
    while begin < len(order):
        own, last = np.searchsorted(ends, [begin, begin + portion], "right")
        end = int(ends[max(own, last - 1)])
        yield order[begin:end]
        begin = end


def auc_by_user(user_keys: np.ndarray, labels: np.ndarray, scores: np.ndarray) -> UserMetrics:
    """The AUC of each user by the ranks of their positives, the mean rank in a tie (Mann and Whitney 1947):

    AUC_i = (sum of ranks of positives - P (P + 1) / 2) / (P Q)
    """
    order = np.lexsort((scores, user_keys))
    user, score, label = user_keys[order], scores[order], labels[order].astype(np.float64)
    is_first = np.r_[True, user[1:] != user[:-1]]
    tie_begins = is_first | np.r_[True, score[1:] != score[:-1]]
    user_of, tie_of = np.cumsum(is_first) - 1, np.cumsum(tie_begins) - 1
    before = np.flatnonzero(tie_begins)[tie_of] - np.flatnonzero(is_first)[user_of]
    rank = before + (np.bincount(tie_of)[tie_of] + 1) / 2
    examples, positives = np.bincount(user_of).astype(np.float64), np.bincount(user_of, label)
    wins = np.bincount(user_of, rank * label) - positives * (positives + 1) / 2
    pairs = positives * (examples - positives)
    return UserMetrics(np.divide(wins, pairs, out=np.full_like(wins, np.nan), where=pairs > 0), examples, positives)


def average(values: np.ndarray, weights: np.ndarray) -> float:
    """NaN where there is nothing to average."""
    return float(np.average(values, weights=weights)) if len(values) else float("nan")


def logloss(labels: np.ndarray, scores: np.ndarray) -> float:
    """The mean of -(y log p + (1 - y) log(1 - p)) in nats: equation 1 of the DIN paper. A score of 0 or 1 is taken as
    1e-12 away from it, since one mistake would make the mean infinite."""
    if not len(labels):
        return float("nan")
    p = np.clip(scores.astype(np.float64), 1e-12, 1 - 1e-12)
    return float(-np.mean(labels * np.log(p) + (1 - labels) * np.log1p(-p)))


def calibration_error(labels: np.ndarray, scores: np.ndarray, bins: int = BINS) -> float:
    """The expected calibration error over bins of equal count: with n_b of the N examples in bin b,

        ECE = sum over b of n_b / N * |mean score of b - mean label of b|

    (Guo et al. 2017, arXiv 1706.04599, equation 3; bins of equal count as Nixon et al. 2019, arXiv 1904.01685). Sorted
    by score, the example in place r, from 0, is in bin floor(r * bins / N). Equal scores share the bin of the first of
    them, so that the order of examples cannot matter: bins are then of nearly equal count. One sort of the N scores.
    """
    if not len(labels):
        return float("nan")
    order = np.argsort(scores)
    score, label = scores[order].astype(np.float64), labels[order].astype(np.float64)
    tie_begins = np.r_[True, score[1:] != score[:-1]]
    first = np.flatnonzero(tie_begins)[np.cumsum(tie_begins) - 1]
    bin_of = first * bins // len(label)
    return float(np.abs(np.bincount(bin_of, score) - np.bincount(bin_of, label)).sum() / len(label))


def calibration(labels: np.ndarray, scores: np.ndarray) -> float:
    """Mean score / mean label: 1 where as many positives are expected as there are, more where too many (He et al.
    2014, "Practical Lessons from Predicting Clicks on Ads at Facebook"). NaN without a positive."""
    return float(scores.mean(dtype=np.float64) / labels.mean()) if labels.any() else float("nan")


def rela_impr(value: float, base: float) -> float:
    """RelaImpr, equation 8: how much further above a coin toss than the base, in per cent,

        ((value - 0.5) / (base - 0.5) - 1) * 100

    NaN where the base is not above a coin toss itself: there is nothing to be a share of."""
    return ((value - 0.5) / (base - 0.5) - 1) * 100 if base > 0.5 else float("nan")


def mean_std(values: Sequence[float]) -> tuple[float, float]:
    """The mean of some values and their standard deviation, by n - 1; NaN for that of one value."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return float(np.mean(values)), deviation
