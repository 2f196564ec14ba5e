"""The category of a goods -> a vector that is added to the goods' own, as a candidate and in the history.

Shapes: G goods rows, K any number of keys, D embedding dimension.
"""

import math

import numpy as np
import torch
from torch import nn

from din.data.batch import Batch
from din.errors import DinError


class CategoryEmbedding(nn.Module):
    """A row for each category, 0 for the unknown one, and which category each goods has.

    `of_goods_G` is no weight, but is kept with the weights: a checkpoint says what it took the goods for.
    """

    of_goods_G: torch.Tensor

    def __init__(self, rows: int, goods_rows: int, dimension: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(rows, dimension)
        nn.init.normal_(self.embedding.weight, std=1 / math.sqrt(dimension))
        self.register_buffer("of_goods_G", torch.zeros(goods_rows, dtype=torch.int64))

    def forward(self, goods_K: torch.Tensor, given_K: torch.Tensor | None = None) -> torch.Tensor:
        """What is added to the vector of each goods, [K, D]."""
        return self.embedding(self.of(goods_K, given_K))

    def of(self, goods_K: torch.Tensor, given_K: torch.Tensor | None = None) -> torch.Tensor:
        """The category of each goods, where it is not given; 0 for a goods that nobody told of."""
        return self.of_goods_G[replace_oov(goods_K, len(self.of_goods_G))] if given_K is None else given_K

    def told(self, batch: Batch) -> Batch:
        """The batch with the category of each goods, where it does not say."""
        history = batch.goods_history
        history = history._replace(categories_N=self.of(history.keys_N, history.categories_N))
        return batch._replace(goods_history=history, category_B=self.of(batch.goods_B, batch.category_B))

    def take(self, category_of_G: torch.Tensor) -> None:
        """Takes these categories in place of those before: what a training begins with."""
        self.of_goods_G = category_of_G.to(self.of_goods_G)

    def hear(self, category_of_G: torch.Tensor) -> None:
        """Takes the categories of goods that had none: of those that came since, among others. What a goods was taken
        for in training stays. A category that came since is the unknown one."""
        given_G = replace_oov(category_of_G.to(self.of_goods_G), self.embedding.num_embeddings)
        had_G = self.of_goods_G.new_zeros(max(len(given_G), len(self.of_goods_G)))
        had_G[: len(self.of_goods_G)] = self.of_goods_G
        given_G = torch.cat([given_G, given_G.new_zeros(len(had_G) - len(given_G))])
        self.of_goods_G = torch.where(had_G > 0, had_G, given_G)


def validate_categories(category_of: np.ndarray | None, goods_rows: int, rows: int) -> None:
    """Raises DinError where goods do not have a category each, or where one has no row."""
    if category_of is None:
        raise DinError("a model with categories learns from the category of each goods: category_of is missing")
    if len(category_of) != goods_rows:
        raise DinError(f"{len(category_of)} categories of goods for {goods_rows} goods rows")
    if not 0 <= category_of.min() <= category_of.max() < rows:
        raise DinError(
            f"category keys are {category_of.min()} to {category_of.max()}; they must be at least 0 and below {rows}"
        )


def replace_oov(keys: torch.Tensor, rows: int) -> torch.Tensor:
    """The keys that a table of so many rows has, 0 for those that came later."""
    return torch.where(keys < rows, keys, 0)
