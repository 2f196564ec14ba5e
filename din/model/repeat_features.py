"""The candidate itself in the history -> steps of how often and how long ago, for the last net.

The activation unit tells a repeat only by two embeddings that are the same, and what is seldom named is pulled to zero
(equation 6 of the paper), where all embeddings are. People buy again, so whether they do is told by the key itself;
goods that came after the training are told as well.

Shapes: B candidates, each with a history; K candidates of users, by user; N history positions, H hidden width.
"""

import torch
from torch import nn

from din.data.batch import Batch, JaggedHistory
from din.kernels.segment_ops import embedding_bag
from din.kernels.tiled_ranking import NEVER
from din.model.time_position import HOURS_PER_DAY, log2_bucket

COUNT_BUCKETS = 5  # steps of how often: once or twice, up to six, up to 14, up to 30, more
TIME_BUCKETS = 12  # steps of how long ago, that double from an hour on
KEY_BITS = 32


class RepeatFeatures(nn.Module):
    """A row for each step; the two of a goods that is in the history are added to the first layer of the last net. They
    begin at zero: before anything is learned, all goods are alike. One that is not there has nothing added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.of_step = nn.Parameter(torch.zeros(1 + COUNT_BUCKETS + TIME_BUCKETS, width))

    def forward(self, step_B2: torch.Tensor) -> torch.Tensor:
        """What is added, [B, H]."""
        return embedding_bag(self.of_step, step_B2, NEVER)

    def told(self, batch: Batch) -> Batch:
        """The batch with the steps of each goods, where it does not say. For keys as the store has them, before they
        are numbered anew or made unknown."""
        if batch.step_B2 is not None:
            return batch
        return batch._replace(step_B2=repeat_buckets_by_example(batch.goods_B, batch.goods_history))


def repeat_buckets_by_example(keys_B: torch.Tensor, history: JaggedHistory) -> torch.Tensor:
    """The steps of candidates with a history each, [B, 2]."""
    is_own_N = history.keys_N == keys_B.index_select(0, history.example_N)
    return repeat_buckets(is_own_N, history.example_N, history, len(keys_B))


def repeat_buckets_by_pair(user_K: torch.Tensor, keys_K: torch.Tensor, history: JaggedHistory) -> torch.Tensor:
    """The steps of candidates that differ within their user, by user and key, whose history all of theirs share; the
    history is by user. [K, 2]."""
    if not len(keys_K):
        return keys_K.new_zeros(0, 2)
    pair_K, pair_N = (user_K << KEY_BITS) | keys_K, (history.example_N << KEY_BITS) | history.keys_N
    candidate_N = torch.searchsorted(pair_K, pair_N).clamp_max(len(pair_K) - 1)
    return repeat_buckets(pair_K.index_select(0, candidate_N) == pair_N, candidate_N, history, len(keys_K))


def repeat_buckets(
    is_own_N: torch.Tensor, candidate_N: torch.Tensor, history: JaggedHistory, candidates: int
) -> torch.Tensor:
    """How many events of each candidate's own there are, and how long ago the newest was, in steps, [B, 2]. What has no
    key, 0, is nobody's own."""
    is_own_N = is_own_N & (history.keys_N > 0)
    count_B = candidate_N.new_zeros(candidates).index_add_(0, candidate_N, is_own_N.long())
    age_N = history.age_N.masked_fill(~is_own_N, torch.inf)
    newest_B = age_N.new_full((candidates,), torch.inf).scatter_reduce_(0, candidate_N, age_N, "amin")
    ever_B = count_B > 0
    time_B = log2_bucket(newest_B.masked_fill_(~ever_B, 0) * HOURS_PER_DAY, TIME_BUCKETS)
    return torch.stack(
        [log2_bucket(count_B, 1 + COUNT_BUCKETS), torch.where(ever_B, 1 + COUNT_BUCKETS + time_B, NEVER)], dim=1
    )
