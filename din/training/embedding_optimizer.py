"""The embedding tables while they are trained: of a batch only the rows that it names are read, and only they change.

A step costs what the batch holds, however many rows the tables have.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch

from din.config import TrainConfig
from din.data.batch import Batch, EventSequence, Examples, Spans
from din.kernels import numba_ops
from din.model.category_embedding import replace_oov
from din.model.din import DIN
from din.model.tables import embedding_tables, table_sizes
from din.training.unique_rows import unique_rows

BETAS, EPS = (0.9, 0.999), 1e-8  # Adam's own


class BatchRows(NamedTuple):
    """The rows of a table that a batch names: which, int64 [R], and their vectors, [R, D], a copy that learns.

    On a GPU R is how many it may name, and those beyond its last row stand for that one: `stands_R`
    (din/training/unique_rows.py).
    """

    keys_R: torch.Tensor
    values_RD: torch.Tensor
    stands_R: torch.Tensor | None = None


def keys_of(batch: Batch) -> list[tuple[str, torch.Tensor]]:
    """Every key of a batch, with the table it is a row of. The order is that of `with_keys`."""
    found = [
        ("goods", batch.goods_B),
        ("shops", batch.shop_B),
        ("goods", batch.goods_history.keys_N),
        ("shops", batch.shop_history.keys_N),
        ("users", batch.user_B),
    ]
    if batch.category_B is not None and batch.goods_history.categories_N is not None:
        found += [("categories", batch.category_B), ("categories", batch.goods_history.categories_N)]
    return found


def with_keys(batch: Batch, keys: list[torch.Tensor]) -> Batch:
    """The batch with other keys in the place of each of `keys_of`."""
    goods_B, shop_B, goods_N, shop_N, user_B, *categories = keys
    category_B, categories_N = categories or (None, None)
    return batch._replace(
        goods_B=goods_B,
        shop_B=shop_B,
        goods_history=batch.goods_history._replace(keys_N=goods_N, categories_N=categories_N),
        shop_history=batch.shop_history._replace(keys_N=shop_N),
        user_B=user_B,
        category_B=category_B,
    )


def gather_batch_rows(model: DIN, batch: Batch) -> tuple[Batch, dict[str, BatchRows]]:
    """The batch with its keys numbered among the rows it names, and those rows of each table."""
    batch = model.told(batch)
    found, rows = keys_of(batch), {}
    local = [keys for _, keys in found]
    for table, weight in embedding_tables(model).items():
        at = [place for place, (of, _) in enumerate(found) if of == table]
        named = replace_oov(torch.cat([local[place] for place in at]), len(weight))
        keys_R, number, stands_R = unique_rows(named, len(weight))
        rows[table] = BatchRows(keys_R, weight.detach().index_select(0, keys_R).requires_grad_(), stands_R)
        for place, numbers in zip(at, number.split([len(local[place]) for place in at]), strict=True):
            local[place] = numbers
    return with_keys(batch, local), rows


def mask(batch: Batch, share: float, random: torch.Generator) -> Batch:
    """The batch with a share of its keys made unknown, so that the unknown row learns what to do for keys to come. A
    goods and its category each on its own: a goods to come may well be of a category that is known."""

    def some_unknown(keys: torch.Tensor) -> torch.Tensor:
        return torch.where(torch.rand(len(keys), generator=random, device=keys.device) < share, 0, keys)

    return with_keys(batch, [some_unknown(keys) for _, keys in keys_of(batch)])


class LazyAdam:
    """Adam on the rows that a batch names, lazily: a row's moments stand still while nothing names it.

    With mini-batch aware regularisation (equation 6 of the paper): a row that a batch names is pulled towards zero by
    lambda / n, where n is how often the training examples name it, in histories and as candidates.
    """

    def __init__(self, model: DIN, train: TrainConfig, counts: dict[str, np.ndarray]) -> None:
        self.train = train
        self.weights = embedding_tables(model)
        self.first = {table: torch.zeros_like(weight) for table, weight in self.weights.items()}
        self.second = {table: torch.zeros_like(weight) for table, weight in self.weights.items()}
        self.pull = {
            table: torch.from_numpy(train.embedding_l2 / np.maximum(counts[table], 1)).to(weight)[:, None]
            for table, weight in self.weights.items()
        }

    @torch.no_grad()
    def step(
        self, number: int, learning_rate: float, rows: dict[str, BatchRows], gradients: Iterable[torch.Tensor]
    ) -> None:
        """One update; `number` counts from one."""
        for (table, (keys_R, values_RD, stands_R)), gradient_RD in zip(rows.items(), gradients, strict=True):
            if stands_R is not None:
                gradient_RD = gradient_RD.index_select(0, stands_R)
            self.move(table, number, learning_rate, keys_R, values_RD.detach(), gradient_RD.contiguous())

    def move(
        self,
        table: str,
        number: int,
        learning_rate: float,
        keys_R: torch.Tensor,
        values_RD: torch.Tensor,
        gradient_RD: torch.Tensor,
    ) -> None:
        """The update of some rows."""
        weight_TD, first_TD, second_TD = self.weights[table].detach(), self.first[table], self.second[table]
        rate, of_size = learning_rate / (1 - BETAS[0] ** number), 1 - BETAS[1] ** number
        given = (values_RD, gradient_RD, self.pull[table], first_TD, second_TD, weight_TD)
        if numba_ops.is_supported(*given):
            by = weight_TD.new_tensor((1 - BETAS[0], 1 - BETAS[1], rate, of_size, EPS))
            numba_ops.adam(keys_R.numpy(), *(numba_ops.as_numpy(each) for each in given), by.numpy())
            return
        gradient_RD = torch.addcmul(gradient_RD, self.pull[table].index_select(0, keys_R), values_RD)
        first_RD = first_TD.index_select(0, keys_R).lerp_(gradient_RD, 1 - BETAS[0])
        second_RD = second_TD.index_select(0, keys_R).lerp_(gradient_RD.square_(), 1 - BETAS[1])
        first_TD.index_copy_(0, keys_R, first_RD)
        second_TD.index_copy_(0, keys_R, second_RD)
        size_RD = second_RD.div_(of_size).sqrt_().add_(EPS)
        weight_TD.index_copy_(0, keys_R, torch.addcdiv(values_RD, first_RD, size_RD, value=-rate))


def key_counts(
    examples: Examples,
    goods: EventSequence,
    shops: EventSequence,
    rows: tuple[int, ...],
    category_of: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """How often the examples name each row of each table: in the history of an example, or as its candidate. A category
    is named with each of its goods, a user with each of their examples."""
    size = table_sizes(rows)
    of_goods = count_occurrences(examples.goods_keys, goods, examples.goods_spans, size["goods"])
    of_categories = np.zeros(size["categories"])
    if category_of is not None:
        of_categories = np.bincount(category_of, of_goods, size["categories"])
    users = np.where(examples.user_keys < size["users"], examples.user_keys, 0)
    return {
        "goods": of_goods,
        "shops": count_occurrences(examples.shop_keys, shops, examples.shop_spans, size["shops"]),
        "categories": of_categories,
        "users": np.bincount(users, minlength=size["users"]),
    }


def count_occurrences(candidates: np.ndarray, sequence: EventSequence, spans: Spans, rows: int) -> np.ndarray:
    """Positions are counted by how many spans cover them, which takes one pass over all."""
    edges = np.bincount(spans.start, minlength=len(sequence.keys) + 1) - np.bincount(
        spans.end, minlength=len(sequence.keys) + 1
    )
    covered = np.cumsum(edges[:-1]) if len(sequence.keys) else edges[:0]
    return np.bincount(candidates, minlength=rows) + np.bincount(sequence.keys, covered, minlength=rows)
