"""The embedding tables of a model: which it has, and how many rows each."""

import torch

from din.model.din import DIN

TABLES = {  # which parameter of the model each is; the last two are there where the model has them
    "goods": "goods.embedding.weight",
    "shops": "shops.embedding.weight",
    "categories": "goods.categories.embedding.weight",
    "users": "users.weight",
}


def tables_of(model: DIN) -> dict[str, torch.nn.Parameter]:
    """The tables that a model has."""
    parameters = dict(model.named_parameters())
    return {table: parameters[name] for table, name in TABLES.items() if name in parameters}


def sizes(rows: tuple[int, ...]) -> dict[str, int]:
    """How many rows each table is to have; a table that nothing is said of has the unknown row alone."""
    return dict(zip(TABLES, (*rows, 1, 1), strict=False))
