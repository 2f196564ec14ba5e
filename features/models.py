"""The register of models: which there are, how good, and which one ranks."""

from dataclasses import dataclass
from datetime import date

from features.errors import FeatureError
from features.warehouse import Warehouse


@dataclass(frozen=True)
class ModelRecord:
    """A row of the register; metrics as din measures them on days after the training days."""

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


def champion_id(warehouse: Warehouse) -> str | None:
    return warehouse.one("ledger/champion")


def register_models(warehouse: Warehouse, records: list[ModelRecord]) -> None:
    """Adds models to the register; one that comes as champion takes the place of the one before. All or none."""
    with warehouse.transaction():
        if any(record.champion for record in records):
            warehouse.run("ledger/dethrone")
        for record in records:
            values = {**vars(record), "created_at": warehouse.clock(), "run_id": warehouse.run_id}
            warehouse.run("ledger/register_model", **values)


def table_sizes(warehouse: Warehouse) -> tuple[int, int]:
    """How many rows the goods and the shop embeddings need: one for each key given, and row 0, the unknown one."""
    [(goods, shops)] = warehouse.run("ledger/table_sizes")
    return goods, shops


def need_champion(warehouse: Warehouse, ds: date) -> str:
    """The model that ranks. Raises FeatureError where none was trained yet, or only one that knows of days after."""
    champion = warehouse.run("ledger/champion")
    if not champion:
        raise FeatureError(f"no model yet; train one first: nightrank train --ds {ds}")
    [(model_id, trained)] = champion
    if trained > ds:
        raise FeatureError(
            f"model {model_id} was trained on days up to {trained} and would rank {ds} with knowledge of its future; "
            f"train one for then first: nightrank train --ds {ds}"
        )
    return model_id
