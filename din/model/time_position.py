"""When and where history items stand, told in steps that double. N history positions, D dimension."""

import torch
from torch import nn

from din.config import DinConfig
from din.data.batch import JaggedHistory

HOURS_PER_DAY = 24
# Tables [R, D] and the row that each history position takes of them, [N].
EmbeddingLookups = list[tuple[torch.Tensor, torch.Tensor]]


class TimePositionEmbedding(nn.Module):
    """When and where a history item stands, as vectors added to what the activation unit sees of it: how long before
    the candidate, in steps that double from an hour on, and how many events back, in steps that double.

    What is pooled is the item alone. The vectors begin at zero: before anything is learned, all times are alike.
    """

    def __init__(self, config: DinConfig) -> None:
        super().__init__()
        self.of_time, self.of_position = (
            nn.Parameter(torch.zeros(buckets, config.embedding_dim)) if buckets else None
            for buckets in (config.time_buckets, config.position_buckets)
        )

    def forward(self, history: JaggedHistory) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """The tables of what is told, and each item's row of them."""
        found = []
        if self.of_time is not None:
            found.append((self.of_time, log2_bucket(history.age_N * HOURS_PER_DAY, len(self.of_time))))
        if self.of_position is not None:
            found.append((self.of_position, log2_bucket(positions_from_end(history.example_N), len(self.of_position))))
        return found

    def steps(self, history: JaggedHistory) -> torch.Tensor | None:
        """The step of all that is told in which each position is, [N]; None where nothing is told."""
        step_N = None
        for table, place_N in self(history):
            step_N = place_N if step_N is None else step_N * len(table) + place_N
        return step_N


def log2_bucket(value_N: torch.Tensor, buckets: int) -> torch.Tensor:
    """0 below one, 1 below three, 2 below seven, ... and the last bucket for all that is beyond."""
    return torch.log2(value_N + 1).long().clamp(0, buckets - 1)


def positions_from_end(example_N: torch.Tensor) -> torch.Tensor:
    """How many events of the same example come after each; positions are in the order of their examples."""
    ends_N = torch.searchsorted(example_N, example_N, right=True)
    return ends_N - 1 - torch.arange(len(example_N), device=example_N.device)
