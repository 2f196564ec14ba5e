"""Scores and labels -> how well a model ranks."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Metrics:
    """AUC over all examples; GAUC, the AUC within each user weighted by their examples; log loss in nats.

    `users` counts those with both a positive and a negative: only they have a GAUC. NaN where nothing can be said.
    """

    auc: float
    gauc: float
    logloss: float
    users: int
    examples: int


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """The chance that a positive outranks a negative, a tie counted half. NaN without both kinds."""
    return grouped_auc(np.zeros(len(labels), np.int64), labels, scores)[0]


def grouped_auc(groups: np.ndarray, labels: np.ndarray, scores: np.ndarray) -> tuple[float, int]:
    """The AUC within each group weighted by its number of examples, as in equation 7 of the paper, and how many
    groups it covers: those with both labels. One sort for all groups.
    """
    if not len(labels):
        return float("nan"), 0
    order = np.lexsort((scores, groups))
    group, score, label = groups[order], scores[order], labels[order].astype(np.float64)
    new_group = np.r_[True, group[1:] != group[:-1]]
    new_tie = new_group | np.r_[True, score[1:] != score[:-1]]
    group_of, tie_of = np.cumsum(new_group) - 1, np.cumsum(new_tie) - 1
    position = np.arange(len(label)) - np.flatnonzero(new_group)[group_of]
    tie_sizes = np.bincount(tie_of)
    rank = position[np.flatnonzero(new_tie)][tie_of] + (tie_sizes[tie_of] + 1) / 2
    examples = np.bincount(group_of)
    positives = np.bincount(group_of, label)
    both = (positives > 0) & (positives < examples)
    if not both.any():
        return float("nan"), 0
    wins = np.bincount(group_of, rank * label) - positives * (positives + 1) / 2
    within = wins[both] / (positives * (examples - positives))[both]
    return float(np.average(within, weights=examples[both])), int(both.sum())


def logloss(labels: np.ndarray, scores: np.ndarray) -> float:
    if not len(labels):
        return float("nan")
    p = np.clip(scores.astype(np.float64), 1e-12, 1 - 1e-12)
    return float(-np.mean(labels * np.log(p) + (1 - labels) * np.log1p(-p)))


def evaluate(user_keys: np.ndarray, labels: np.ndarray, scores: np.ndarray) -> Metrics:
    gauc, users = grouped_auc(user_keys, labels, scores)
    return Metrics(auc(labels, scores), gauc, logloss(labels, scores), users, len(labels))


def rela_impr(value: float, base: float) -> float:
    """RelaImpr, equation 8: how much further above a coin toss than the base, in per cent. NaN where the base is not
    above one itself: there is nothing to be a share of."""
    return ((value - 0.5) / (base - 0.5) - 1) * 100 if base > 0.5 else float("nan")
