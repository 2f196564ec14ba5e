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
    return warehouse.one("select model_id from ops.models where champion")


def register_models(warehouse: Warehouse, records: list[ModelRecord]) -> None:
    """Adds models to the register; one that comes as champion takes the place of the one before. All or none."""
    with warehouse.transaction():
        if any(record.champion for record in records):
            warehouse.con.execute("update ops.models set champion = false")
        for record in records:
            warehouse.con.execute(
                "insert or replace into ops.models by name select $model_id as model_id, $ds as ds, $pooling as pooling,"
                " $auc as auc, $gauc as gauc, $logloss as logloss, $base_gauc as base_gauc, $rela_impr as rela_impr,"
                " $champion as champion, $created_at as created_at, $train_examples as train_examples,"
                " $eval_examples as eval_examples, $goods_rows as goods_rows, $shop_rows as shop_rows,"
                " $seconds as seconds, $run_id as run_id",
                {**vars(record), "created_at": warehouse.clock(), "run_id": warehouse.run_id},
            )


def table_sizes(warehouse: Warehouse) -> tuple[int, int]:
    """How many rows the goods and the shop embeddings need: one for each key given, and row 0, the unknown one."""
    goods = warehouse.one("select coalesce(max(goods_key), 0) + 1 from entities.goods")
    shops = warehouse.one("select coalesce(max(shop_key), 0) + 1 from entities.shops")
    return goods, shops


def need_champion(warehouse: Warehouse, ds: date) -> str:
    """The model that ranks. Raises FeatureError where none was trained yet, or none that may know of `ds`."""
    model_id = champion_id(warehouse)
    if model_id is None:
        raise FeatureError(f"no model yet; train one first: nightrank train --ds {ds}")
    trained = warehouse.one("select ds from ops.models where model_id = $model_id", {"model_id": model_id})
    if trained > ds:
        raise FeatureError(
            f"model {model_id} was trained on days up to {trained} and would rank {ds} with knowledge of its future; "
            f"train one for then first: nightrank train --ds {ds}"
        )
    return model_id
