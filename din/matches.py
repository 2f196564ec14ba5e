"""The candidate's own goods or shop in the history -> steps of how often and how long ago, for the last net.

The activation unit tells a repeat only by two embeddings that are the same, and what is seldom named is pulled to zero
(equation 6 of the paper), where all embeddings are. People buy again, so whether they do is told by the key itself;
keys that came after the training are told as well.

Shapes: B candidates, each with a history; K candidates of users, by user; N history positions, H hidden width.
"""

import torch
from torch import nn

from din.batches import Batch, JaggedHistory
from din.places import HOURS_PER_DAY, doubling
from din.segments import sums_of_rows

COUNTS = 6  # steps of how often: never, once or twice, up to six, up to 14, up to 30, more
TIMES = 13  # steps of how long ago: never, and twelve that double from an hour on
KEY_BITS = 32


class Matches(nn.Module):
    """A row for each step, of goods and of shops; a candidate's four are added to the first layer of the last net. They
    begin at zero: before anything is learned, all candidates are alike."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.of_step = nn.Parameter(torch.zeros(2 * (COUNTS + TIMES), width))

    def forward(self, step_B4: torch.Tensor) -> torch.Tensor:
        """What is added, [B, H]."""
        return sums_of_rows(self.of_step, step_B4)

    def told(self, batch: Batch) -> Batch:
        """The batch with the steps of each candidate, where it does not say. For keys as the store has them, before
        they are numbered anew or made unknown."""
        if batch.step_B4 is not None:
            return batch
        groups = ((batch.goods_B, batch.goods_history), (batch.shop_B, batch.shop_history))
        return batch._replace(step_B4=side_by_side(*(steps_of_each(*group) for group in groups)))


def side_by_side(goods_B2: torch.Tensor | None, shops_B2: torch.Tensor | None) -> torch.Tensor | None:
    """The steps of both groups as rows of one table, [B, 4]; none, where the model tells none."""
    if goods_B2 is None or shops_B2 is None:
        return None
    return torch.cat([goods_B2, shops_B2 + COUNTS + TIMES], dim=1)


def steps_of_each(keys_B: torch.Tensor, history: JaggedHistory) -> torch.Tensor:
    """The steps of candidates with a history each, [B, 2]."""
    is_own_N = history.keys_N == keys_B.index_select(0, history.example_N)
    return steps(is_own_N, history.example_N, history, len(keys_B))


def steps_of_pairs(user_K: torch.Tensor, keys_K: torch.Tensor, history: JaggedHistory) -> torch.Tensor:
    """The steps of candidates that differ within their user, by user and key, whose history all of theirs share; the
    history is by user. [K, 2]."""
    if not len(keys_K):
        return keys_K.new_zeros(0, 2)
    pair_K, pair_N = (user_K << KEY_BITS) | keys_K, (history.example_N << KEY_BITS) | history.keys_N
    candidate_N = torch.searchsorted(pair_K, pair_N).clamp_max(len(pair_K) - 1)
    return steps(pair_K.index_select(0, candidate_N) == pair_N, candidate_N, history, len(keys_K))


def steps(is_own_N: torch.Tensor, candidate_N: torch.Tensor, history: JaggedHistory, candidates: int) -> torch.Tensor:
    """How many events of each candidate's own there are, and how long ago the newest was, in steps, [B, 2]. What has no
    key, 0, is nobody's own."""
    is_own_N = is_own_N & (history.keys_N > 0)
    count_B = candidate_N.new_zeros(candidates).index_add_(0, candidate_N, is_own_N.long())
    age_N = history.age_N.masked_fill(~is_own_N, torch.inf)
    newest_B = age_N.new_full((candidates,), torch.inf).scatter_reduce_(0, candidate_N, age_N, "amin")
    ever_B = count_B > 0
    hours_B = newest_B.masked_fill_(~ever_B, 0) * HOURS_PER_DAY
    time_B = torch.where(ever_B, 1 + doubling(hours_B, TIMES - 1), 0)
    return torch.stack([doubling(count_B, COUNTS), COUNTS + time_B], dim=1)
