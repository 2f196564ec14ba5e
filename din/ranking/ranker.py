"""Users' histories and candidates -> the best of them, scored, with the history that carried the weight."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from din.config import Precision
from din.data.batch import EventSequence, Spans
from din.memory import disable_malloc_trim
from din.model.din import DIN
from din.ranking.user_batch import PoolHistories, SelectionRules, UserBatch

CANDIDATES_PER_CHUNK = {"cpu": 1 << 14, "cuda": 1 << 20}


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


class Ranking(NamedTuple):
    """Parallel arrays, one entry per ranked candidate, best first within a user; `candidate` is its place in
    Candidates.goods_keys."""

    user_keys: np.ndarray
    rank: np.ndarray
    candidate: np.ndarray
    score: np.ndarray


class HistoryWeights(NamedTuple):
    """Parallel arrays: the weight that `history_key` carried for a candidate, summed over its repeats in the
    history; `ts` is the latest of them. `part` is 'goods' or 'shop'. `share` is the size of the weight, out of that of
    all the keys of the history's part together, whether or not they are among those given here."""

    user_keys: np.ndarray
    candidate: np.ndarray
    part: np.ndarray
    history_keys: np.ndarray
    ts: np.ndarray
    weight: np.ndarray
    share: np.ndarray


def rank(
    model: DIN,
    candidates: Candidates,
    goods: EventSequence,
    shops: EventSequence,
    k: int,
    why_top: int = 0,
    why_history: int = 5,
    on_user: Callable[[int], None] = lambda users: None,
    precision: Precision = "fp32",
    pool: PoolHistories | None = None,
    min_score: float = 0.0,
    per_shop: int = 0,
    threads: int = 1,
) -> tuple[Ranking, HistoryWeights]:
    """The k best candidates of each user, and for the first `why_top` of them the `why_history` history goods and
    shops with the highest weights. `precision` is of the nets' products; `pool` pools the histories by the activation
    unit. None that scores below `min_score` is ranked, and at most `per_shop` goods of one shop, where 0 means any
    number, and a goods without one (shop key 0) is of none. On a processor so many `threads` each rank users of their
    own, which changes nothing of what comes out. Raises ScoreError where a score is not a number."""
    disable_malloc_trim()
    torch.set_num_threads(1)  # products are small on a processor: threads inside one only wait for each other
    rules = SelectionRules(k, min_score, per_shop)
    with torch.inference_mode():
        crowd = UserBatch(model, candidates, goods, shops, precision, pool)
    workers = threads if crowd.device.type == "cpu" else 1
    taken = np.minimum(np.diff(candidates.offsets), k)
    ranked = Ranking(*allocate_columns(int(taken.sum()), "iiif"))
    why = HistoryWeights(*allocate_columns(int(np.minimum(taken, why_top).sum()) * 2 * why_history, "iiUiiff"))
    ranks = reasons = 0
    of_users = partial(rank_chunk, crowd, rules, why_top, why_history)
    parts = list(chunks(candidates.offsets, CANDIDATES_PER_CHUNK[crowd.device.type]))
    side_by_side = ThreadPoolExecutor(workers)
    try:
        for users, found in zip(parts, side_by_side.map(of_users, parts), strict=True):
            (user_R, *ranks_R), (user_W, *carried_W) = found
            ranks = write_rows(ranked, ranks, candidates.user_keys[user_R], *ranks_R)
            reasons = write_rows(why, reasons, candidates.user_keys[user_W], *carried_W)
            on_user(users.stop)
    finally:
        side_by_side.shutdown(cancel_futures=True)  # whatever stops one stops those that have not begun
    return Ranking(*(column[:ranks] for column in ranked)), HistoryWeights(*(column[:reasons] for column in why))


def rank_chunk(
    crowd: UserBatch, rules: SelectionRules, why_top: int, why_history: int, users: slice
) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """Of some users the best, and why the first of them: as Crowd.best and Crowd.why give it, the pair told by its user
    and its place."""
    with torch.inference_mode():  # of the thread that enters it
        user_R, rank_R, place_R, score_R = crowd.best(users, rules)
        asked = rank_R <= why_top
        user_P, place_P = user_R[asked], place_R[asked]
        pair_W, *carried = crowd.why(user_P, place_P, why_history)
    return (user_R, rank_R, place_R, score_R), (user_P[pair_W], place_P[pair_W], *carried)


def chunks(offsets: np.ndarray, at_once: int) -> Iterator[slice]:
    """Users in turn, so many that their candidates are not too many."""
    start, users = 0, len(offsets) - 1
    while start < users:
        fits = int(np.searchsorted(offsets, offsets[start] + at_once, "right")) - 1
        stop = min(max(fits, start + 1), users)
        yield slice(start, stop)
        start = stop


def allocate_columns(rows: int, kinds: str) -> list[np.ndarray]:
    """Columns to fill, made whole at once: small arrays kept for each user, between the large ones of scoring that are
    freed again, left holes in the heap (3.0 GB instead of 0.4 for 600 users, docs/experiments.md)."""
    return [np.zeros(rows, {"i": np.int64, "f": np.float64, "U": "<U5"}[kind]) for kind in kinds]


def write_rows(columns: tuple[np.ndarray, ...], at: int, *values: object) -> int:
    """Writes rows from place `at` on; single values stand in each of them. Returns the place after the last."""
    end = at + len(values[-1])  # type: ignore[arg-type]
    for column, value in zip(columns, values, strict=True):
        column[at:end] = value
    return end
