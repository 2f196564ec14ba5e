"""Measure ranked pairs a second: many users at once, in float32 and in bfloat16."""

import statistics

import numpy as np
import torch

from bench.gpu.limits import ROUNDS, Limits, seconds
from bench.model.din_speed import candidates_of, sequences
from bench.model.flops import ours_ranking
from bench.peers.exchange import Rows, Sizes
from din.config import Precision
from din.model.din import DIN, AttentionGroup
from din.ranking import ranker
from din.ranking.padded_pooling import CandidateBatch, HistoryBatch, pool_padded
from din.ranking.ranker import Ranking
from din.ranking.user_batch import PoolHistories


def rank(model: DIN, rows: Rows, sizes: Sizes, limits: Limits, each: int, activation: str) -> None:
    given = (candidates_of(rows, sizes, np.arange(len(rows)), each), *sequences(rows, sizes))
    work, device = ours_ranking(rows, sizes, each), next(model.parameters()).device
    plain = ranker.rank(model, *given, k=each)[0]
    precisions: tuple[Precision, ...] = ("fp32", "bf16")
    for precision in precisions:

        def once(precision: Precision = precision, pool: PoolHistories = pool_padded) -> Ranking:
            return ranker.rank(model, *given, k=each, precision=precision, pool=pool)[0]

        off = furthest(once(), plain)
        took = statistics.median(seconds(device, once) for _ in range(ROUNDS))
        pooling = Stopwatch(pool_padded, device)
        once(pool=pooling)
        print(limits.line(f"{activation}, {precision}", len(rows) / took, work, precision))
        print(
            f"    ms: all {1e3 * took:.1f}, pooling {1e3 * pooling.took:.1f}; scores at most {off:.1e} from the first's"
        )


class Stopwatch:
    """Pools, and adds up the seconds that it takes."""

    def __init__(self, pool: PoolHistories, device: torch.device) -> None:
        self.pool, self.device, self.took = pool, device, 0.0

    def __call__(self, group: AttentionGroup, wanted: CandidateBatch, items: HistoryBatch) -> torch.Tensor:
        pooled: list[torch.Tensor] = []
        self.took += seconds(self.device, lambda: pooled.append(self.pool(group, wanted, items)))
        return pooled[0]


def furthest(one: Ranking, other: Ranking) -> float:
    """All candidates are ranked, so each is in both."""
    scores = [ranked.score[np.argsort(ranked.candidate)] for ranked in (one, other)]
    return float(np.abs(scores[0] - scores[1]).max())
