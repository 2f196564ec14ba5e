"""A model trained before -> one that the next training may start from: the same weights, with rows for what is new."""

from dataclasses import fields

import numpy as np
import torch

from din.config import DinConfig
from din.errors import DinError
from din.model.din import DIN
from din.model.tables import EMBEDDING_PARAMS, embedding_tables, table_sizes

NO_KEYS = np.zeros(0, np.int64)
OF_GOODS = "goods.categories.of_goods_G"


def resize_embeddings(start: DIN, rows: tuple[int, ...]) -> DIN:
    """The model with tables of so many rows (din/training/trainer.py, `fit`). A row stays where it is, since keys are
    given once; a new one begins as the unknown row, which the model took for its key until now. So no score changes by
    it.

    Raises DinError where the model has more rows than that: it is of another store.
    """
    model = DIN(start.config, *rows)
    state = dict(start.state_dict())
    wanted = table_sizes(rows)
    for table, had_RD in embedding_tables(start).items():
        more = wanted[table] - len(had_RD)
        if more < 0:
            raise DinError(f"a model with {len(had_RD)} rows of {table} cannot be cut to {wanted[table]}")
        state[EMBEDDING_PARAMS[table]] = torch.cat([had_RD.detach(), had_RD.detach()[:1].expand(more, -1)])
    if start.goods.categories is not None:
        of_goods_G = start.goods.categories.of_goods_G[: wanted["goods"]]
        state[OF_GOODS] = torch.cat([of_goods_G, of_goods_G.new_zeros(wanted["goods"] - len(of_goods_G))])
    model.load_state_dict(state)
    return model


def make_unknown(model: DIN, goods_keys: np.ndarray = NO_KEYS, shop_keys: np.ndarray = NO_KEYS) -> None:
    """Give rows of the tables the values of the unknown row, as if the model had never met them."""
    with torch.no_grad():
        for group, keys in ((model.goods, goods_keys), (model.shops, shop_keys)):
            weight_RD = group.embedding.weight
            weight_RD[torch.from_numpy(keys[keys < len(weight_RD)])] = weight_RD[0].clone()


def unknown_rows(model: DIN) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows of goods and of shops are as the unknown row, bool [rows] each; row 0, for none, is not."""
    goods_R, shops_R = (as_unknown(group.embedding.weight.detach()) for group in (model.goods, model.shops))
    return goods_R, shops_R


def as_unknown(weight_RD: torch.Tensor) -> np.ndarray:
    """Return which rows of a table but the first are equal to it, bool [rows]; few are compared whole."""
    same_R = weight_RD[:, 0] == weight_RD[0, 0]
    alike = torch.nonzero(same_R)[:, 0]
    same_R[alike] = (weight_RD[alike] == weight_RD[0]).all(dim=1)
    same_R[0] = False
    return same_R.cpu().numpy()


def warm_start_error(start: DIN, config: DinConfig, rows: tuple[int, ...]) -> str | None:
    """Why a training of this shape and with so many rows cannot start from a model, in words; None where it can."""
    names = [field.name for field in fields(config)]
    differ = [name for name in names if getattr(start.config, name) != getattr(config, name)]
    if differ:
        had, has = ([getattr(of, name) for name in differ] for of in (start.config, config))
        said = ", ".join(f"{name} was {a} and is {b}" for name, a, b in zip(differ, had, has, strict=True))
        return f"it has another shape: {said}"
    for table, has_RD in embedding_tables(start).items():
        if len(has_RD) > table_sizes(rows)[table]:
            return f"it has {len(has_RD)} rows of {table}, and the store has {table_sizes(rows)[table]}"
    return None
