"""A model trained before -> one that the next training may start from: the same weights, with rows for what is new."""

from dataclasses import fields

import torch

from din.config import DinConfig
from din.errors import DinError
from din.model import DIN
from din.tables import TABLES


def grown(start: DIN, rows: tuple[int, int]) -> DIN:
    """The model with tables of so many goods and shop rows. A row stays where it is, since keys are given once; a new
    one begins as the unknown row, which the model took for its key until now. So no score changes by it.

    Raises DinError where the model has more rows than that: it is of another store.
    """
    model = DIN(start.config, *rows)
    state = dict(start.state_dict())
    for table, wanted in zip(TABLES, rows, strict=True):
        name = f"{table}.embedding.weight"
        had_RD = state[name]
        if wanted < len(had_RD):
            raise DinError(f"a model with {len(had_RD)} rows of {table} cannot be cut to {wanted}")
        state[name] = torch.cat([had_RD, had_RD[:1].expand(wanted - len(had_RD), -1)])
    model.load_state_dict(state)
    return model


def why_not_start(start: DIN, config: DinConfig, rows: tuple[int, int]) -> str | None:
    """Why a training of this shape and with so many rows cannot start from a model, in words; None where it can."""
    names = [field.name for field in fields(config)]
    differ = [name for name in names if getattr(start.config, name) != getattr(config, name)]
    if differ:
        had, has = ([getattr(of, name) for name in differ] for of in (start.config, config))
        said = ", ".join(f"{name} was {a} and is {b}" for name, a, b in zip(differ, had, has, strict=True))
        return f"it has another shape: {said}"
    for table, wanted in zip(TABLES, rows, strict=True):
        has_rows = start.get_submodule(table).get_parameter("embedding.weight").shape[0]
        if has_rows > wanted:
            return f"it has {has_rows} rows of {table}, and the store has {wanted}"
    return None
