"""The embedding tables while they are trained: of a batch only the rows that it names are read, and only they change.

A step costs what the batch holds, however many rows the tables have.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch

from din.batches import Batch, Examples, JaggedHistory, Sequence, Spans
from din.config import TrainConfig
from din.model import DIN, known
from din.naming import numbered

TABLES = ("goods", "shops")
BETAS, EPS = (0.9, 0.999), 1e-8  # Adam's own


class Rows(NamedTuple):
    """The rows of a table that a batch names: which, int64 [R], and their vectors, [R, D], a copy that learns.

    On a GPU R is how many it may name, and those beyond its last row stand for that one: `stands_R` (din/naming.py).
    """

    keys_R: torch.Tensor
    values_RD: torch.Tensor
    stands_R: torch.Tensor | None = None


def localise(model: DIN, batch: Batch) -> tuple[Batch, dict[str, Rows]]:
    """The batch with its keys numbered among the rows it names, and those rows of each table."""
    rows: dict[str, Rows] = {}
    keys: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    parts = {"goods": (batch.goods_B, batch.goods_history), "shops": (batch.shop_B, batch.shop_history)}
    for table, (candidate_B, history) in parts.items():
        weight = model.get_submodule(table).get_parameter("embedding.weight").detach()
        named = known(torch.cat([candidate_B, history.keys_N]), len(weight))
        keys_R, place, stands_R = numbered(named, len(weight))
        rows[table] = Rows(keys_R, weight.index_select(0, keys_R).requires_grad_(), stands_R)
        keys[table] = (place[: len(candidate_B)], place[len(candidate_B) :])
    (goods_B, goods_N), (shop_B, shop_N) = keys["goods"], keys["shops"]
    local = Batch(
        goods_B,
        shop_B,
        batch.goods_history._replace(keys_N=goods_N),
        batch.shop_history._replace(keys_N=shop_N),
    )
    return local, rows


def mask(batch: Batch, share: float, random: torch.Generator) -> Batch:
    """The batch with a share of its keys made unknown, so that the unknown row learns what to do for keys to come."""

    def some_unknown(keys: torch.Tensor) -> torch.Tensor:
        return torch.where(torch.rand(len(keys), generator=random, device=keys.device) < share, 0, keys)

    def of_history(history: JaggedHistory) -> JaggedHistory:
        return history._replace(keys_N=some_unknown(history.keys_N))

    return Batch(
        some_unknown(batch.goods_B),
        some_unknown(batch.shop_B),
        of_history(batch.goods_history),
        of_history(batch.shop_history),
    )


class TableOptimizer:
    """Adam on the rows that a batch names, lazily: a row's moments stand still while nothing names it.

    With mini-batch aware regularisation (equation 6 of the paper): a row that a batch names is pulled towards zero by
    lambda / n, where n is how often the training examples name it, in histories and as candidates.
    """

    def __init__(self, model: DIN, train: TrainConfig, counts: dict[str, np.ndarray]) -> None:
        self.train = train
        self.weights = {table: model.get_submodule(table).get_parameter("embedding.weight") for table in TABLES}
        self.first = {table: torch.zeros_like(weight) for table, weight in self.weights.items()}
        self.second = {table: torch.zeros_like(weight) for table, weight in self.weights.items()}
        self.pull = {
            table: torch.from_numpy(train.regularisation / np.maximum(counts[table], 1)).to(weight)[:, None]
            for table, weight in self.weights.items()
        }

    @torch.no_grad()
    def step(self, number: int, learning_rate: float, rows: dict[str, Rows], gradients: Iterable[torch.Tensor]) -> None:
        """One update; `number` counts from one."""
        for (table, (keys_R, values_RD, stands_R)), gradient_RD in zip(rows.items(), gradients, strict=True):
            if stands_R is not None:
                gradient_RD = gradient_RD.index_select(0, stands_R)
            gradient_RD = torch.addcmul(gradient_RD, self.pull[table].index_select(0, keys_R), values_RD)
            first_RD = self.first[table].index_select(0, keys_R).lerp_(gradient_RD, 1 - BETAS[0])
            second_RD = self.second[table].index_select(0, keys_R).lerp_(gradient_RD.square(), 1 - BETAS[1])
            self.first[table].index_copy_(0, keys_R, first_RD)
            self.second[table].index_copy_(0, keys_R, second_RD)
            size_RD = (second_RD / (1 - BETAS[1] ** number)).sqrt_().add_(EPS)
            moved_RD = torch.addcdiv(values_RD, first_RD, size_RD, value=-learning_rate / (1 - BETAS[0] ** number))
            self.weights[table].index_copy_(0, keys_R, moved_RD)


def counts_of(examples: Examples, goods: Sequence, shops: Sequence, rows: tuple[int, int]) -> dict[str, np.ndarray]:
    """How often the examples name each row of each table: in the history of an example, or as its candidate."""
    return {
        "goods": times_named(examples.goods_keys, goods, examples.goods_spans, rows[0]),
        "shops": times_named(examples.shop_keys, shops, examples.shop_spans, rows[1]),
    }


def times_named(candidates: np.ndarray, sequence: Sequence, spans: Spans, rows: int) -> np.ndarray:
    """Positions are counted by how many spans cover them, which takes one pass over all."""
    edges = np.bincount(spans.start, minlength=len(sequence.keys) + 1) - np.bincount(
        spans.end, minlength=len(sequence.keys) + 1
    )
    covered = np.cumsum(edges[:-1]) if len(sequence.keys) else edges[:0]
    return np.bincount(candidates, minlength=rows) + np.bincount(sequence.keys, covered, minlength=rows)
