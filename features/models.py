"""The register of models: which there are, how good, and which one ranks."""

from dataclasses import dataclass
from datetime import date

from features.errors import FeatureError
from features.warehouse import Warehouse


@dataclass(frozen=True)
class ModelRecord:
    """A row of the register; metrics as din measures them on days after the training days. `champion`: whether it won
    when it was registered, and so ranks the nights from `ds` on, up to the next that wins."""

    model_id: str
    ds: date
    pooling: str
    auc: float
    gauc: float
    logloss: float
    base_gauc: float
    rela_impr: float
    champion: bool
    train_examples: int
    eval_examples: int
    goods_rows: int
    shop_rows: int
    seconds: float


def champion_id(warehouse: Warehouse, ds: date | None = None) -> str | None:
    """The model that ranks the night of `ds`: the newest champion that does not know its future. Without `ds`, the one
    that ranks now. None where there is none."""
    return warehouse.one("ledger/champion", ds=ds)


def register_models(warehouse: Warehouse, records: list[ModelRecord]) -> None:
    """Adds models to the register, all or none. A champion takes the place of the one before for the nights from its
    day on, and of no newer one; a model registered again loses nothing."""
    with warehouse.transaction():
        for record in records:
            values = {**vars(record), "created_at": warehouse.clock(), "run_id": warehouse.run_id}
            warehouse.run("ledger/register_model", **values)


def table_sizes(warehouse: Warehouse) -> tuple[int, int]:
    """How many rows the goods and the shop embeddings need: one for each key given, and row 0, the unknown one."""
    [(goods, shops)] = warehouse.run("ledger/table_sizes")
    return goods, shops


def need_champion(warehouse: Warehouse, ds: date) -> str:
    """The model that ranks the night. Raises FeatureError where none was trained yet, or only such as know of days
    after it."""
    model_id = champion_id(warehouse, ds)
    if model_id:
        return model_id
    newer = champion_id(warehouse)
    if newer:
        raise FeatureError(
            f"model {newer} was trained on days after {ds} and would rank {ds} with knowledge of its future; "
            f"train one for then first: nightrank train --ds {ds}"
        )
    raise FeatureError(f"no model yet; train one first: nightrank train --ds {ds}")
