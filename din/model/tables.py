"""The embedding tables of a model: which it has, and how many rows each."""

import torch

from din.model.din import DIN

EMBEDDING_PARAMS = {  # which parameter of the model each is; the last two are there where the model has them
    "goods": "goods.embedding.weight",
    "shops": "shops.embedding.weight",
    "categories": "goods.categories.embedding.weight",
    "users": "users.weight",
}


def embedding_tables(model: DIN) -> dict[str, torch.nn.Parameter]:
    """The tables that a model has."""
    parameters = dict(model.named_parameters())
    return {table: parameters[name] for table, name in EMBEDDING_PARAMS.items() if name in parameters}


def table_sizes(rows: tuple[int, ...]) -> dict[str, int]:
    """How many rows each table is to have; a table that nothing is said of has the unknown row alone."""
    return dict(zip(EMBEDDING_PARAMS, (*rows, 1, 1), strict=False))
