"""A model trained before -> one that the next training may start from: the same weights, with rows for what is new."""

from dataclasses import fields

import torch

from din.config import DinConfig
from din.errors import DinError
from din.model import DIN
from din.tables import TABLES, sizes, tables_of

OF_GOODS = "goods.categories.of_goods_G"


def grown(start: DIN, rows: tuple[int, ...]) -> DIN:
    """The model with tables of so many rows (din/training.py, `fit`). A row stays where it is, since keys are given
    once; a new one begins as the unknown row, which the model took for its key until now. So no score changes by it.

    Raises DinError where the model has more rows than that: it is of another store.
    """
    model = DIN(start.config, *rows)
    state = dict(start.state_dict())
    wanted = sizes(rows)
    for table, had_RD in tables_of(start).items():
        more = wanted[table] - len(had_RD)
        if more < 0:
            raise DinError(f"a model with {len(had_RD)} rows of {table} cannot be cut to {wanted[table]}")
        state[TABLES[table]] = torch.cat([had_RD.detach(), had_RD.detach()[:1].expand(more, -1)])
    if start.goods.categories is not None:
        of_goods_G = start.goods.categories.of_goods_G[: wanted["goods"]]
        state[OF_GOODS] = torch.cat([of_goods_G, of_goods_G.new_zeros(wanted["goods"] - len(of_goods_G))])
    model.load_state_dict(state)
    return model


def why_not_start(start: DIN, config: DinConfig, rows: tuple[int, ...]) -> str | None:
    """Why a training of this shape and with so many rows cannot start from a model, in words; None where it can."""
    names = [field.name for field in fields(config)]
    differ = [name for name in names if getattr(start.config, name) != getattr(config, name)]
    if differ:
        had, has = ([getattr(of, name) for name in differ] for of in (start.config, config))
        said = ", ".join(f"{name} was {a} and is {b}" for name, a, b in zip(differ, had, has, strict=True))
        return f"it has another shape: {said}"
    for table, has_RD in tables_of(start).items():
        if len(has_RD) > sizes(rows)[table]:
            return f"it has {len(has_RD)} rows of {table}, and the store has {sizes(rows)[table]}"
    return None
