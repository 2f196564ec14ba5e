"""The model registry: the trained models, their metrics and the champion, which ranks."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from features.errors import FeatureError
from features.store.warehouse import Warehouse


@dataclass(frozen=True)
class ModelRecord:
    """Hold a row of the model registry, with din's metrics on the test days.

    `champion`: whether it won when it was registered, and so ranks the nights from `ds` up to the next champion.
    `users`: those with a GAUC. `epoch`: the epoch of the saved weights, chosen by `valid_gauc`, their GAUC on the
    validation days, NaN without those; 0 is the model it started from. `warm_from`: the id of that model, None after a
    cold start. `decision`: which nights it ranks and why, in words; the registry has no such column.
    """

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
    gauc_positives: float
    gauc_equal: float
    users: int
    share_covered: float
    calibration_error: float
    calibration: float
    valid_examples: int
    valid_gauc: float
    epoch: int
    warm_from: str | None
    decision: str = ""


@dataclass(frozen=True)
class NextChampion:
    """Hold a model that ranks the nights from `ds` on."""

    ds: date
    model_id: str


def champion_id(warehouse: Warehouse, ds: date | None = None) -> str | None:
    """Return the model that ranks the night of `ds`.

    It is the newest champion that is not trained on the night's future. Without `ds`, the one that ranks now. None if
    there is none.
    """
    return warehouse.one("ledger/champion", ds=ds)


def next_champion(warehouse: Warehouse, ds: date) -> NextChampion | None:
    """Return the first model trained for a night after `ds` that ranks it, or None."""
    return next((NextChampion(*row) for row in warehouse.run("ledger/next_champion", ds=ds)), None)


def ranked_by_others(warehouse: Warehouse, model_id: str, first_ds: date, until: date) -> list[date]:
    """Return the nights from `first_ds`, before `until`, that another model has ranked."""
    values = {"model_id": model_id, "first_ds": first_ds, "until": until}
    return [ds for (ds,) in warehouse.run("ledger/ranked_by_others", **values)]


def last_training_day(warehouse: Warehouse, ds: date) -> date | None:
    """Return the newest day up to `ds` with a trained model, champion or not."""
    return warehouse.one("ledger/last_training", ds=ds)


def warm_start_model_id(warehouse: Warehouse, ds: date, pooling: str) -> str | None:
    """Return the model that a training for `ds` may start from, None without a champion.

    It is the champion of the days before. For another pooling it is the model of that pooling that was trained together
    with the champion, if there is one.
    """
    return warehouse.one("ledger/start_of", ds=ds, pooling=pooling)


def trained_on_erased_user(warehouse: Warehouse, model_id: str) -> bool:
    """Return whether a model was trained on events of a user who was erased since."""
    return bool(warehouse.one("ledger/learned_from_forgotten", model_id=model_id))


def checkpoints_trained_on(models: Path, days: set[date]) -> list[str]:
    """Return the checkpoints that were trained on one of these days, ordered by name.

    Those are the ones whose training, validation or test split contains a day, and those that started from such a
    model. A checkpoint that does not say counts as trained on them.
    """
    trained: dict[str, bool] = {}
    for _, path, metadata in sorted((str(found.get("ds")), path, found) for path, found in checkpoints(models)):
        start = metadata.get("warm_from")
        trained[path.name] = window_contains(metadata, days) or (start is not None and trained.get(start, bool(days)))
    return sorted(name for name, is_trained in trained.items() if is_trained)


def checkpoints(models: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield each checkpoint's folder and its model.json."""
    for path in models.glob("*/model.json"):
        yield path.parent, checkpoint_metadata(models, path.parent.name)


def checkpoint_metadata(models: Path, model_id: str) -> dict[str, Any]:
    """Return the content of a checkpoint's model.json; empty if it cannot be read."""
    try:
        metadata = json.loads((models / model_id / "model.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        metadata = None
    return metadata if isinstance(metadata, dict) else {}


def window_contains(metadata: dict[str, Any], days: set[date]) -> bool:
    """Return whether the training window of a checkpoint contains one of these days."""
    try:
        last, window = date.fromisoformat(metadata["ds"]), metadata["window"]
        length = timedelta(days=window["train_days"] + window.get("valid_days", 0) + window["eval_days"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return bool(days)
    return any(last - length < day <= last for day in days)


def register_models(warehouse: Warehouse, records: list[ModelRecord]) -> None:
    """Add models to the registry, all or none.

    A champion replaces the one before for the nights from its day on, but not a newer one. A model registered
    again stays a champion if it was one.
    """
    with warehouse.transaction():
        for record in records:
            values = {**vars(record), "created_at": warehouse.clock(), "run_id": warehouse.run_id}
            warehouse.run("ledger/register_model", **values)


def table_sizes(warehouse: Warehouse) -> tuple[int, int, int, int]:
    """Return how many embedding rows goods, shops, categories and users need.

    Each has one row per assigned key, and row 0 for unknown keys.
    """
    [(goods, shops, categories, users)] = warehouse.run("ledger/table_sizes")
    return goods, shops, categories, users


def require_champion(warehouse: Warehouse, ds: date) -> str:
    """Return the model that ranks the night.

    Raises FeatureError if no model is trained yet, or only models trained on days after the night.
    """
    model_id = champion_id(warehouse, ds)
    if model_id:
        return model_id
    newer, train = champion_id(warehouse), warehouse.store.command(f"train --ds {ds}")
    if newer:
        raise FeatureError(
            f"model {newer} was trained on days after {ds} and would rank {ds} with knowledge of its future; "
            f"train one for that night first: {train}"
        )
    raise FeatureError(f"no model yet; train one first: {train}")
