"""The register of models: which there are, how good, and which one ranks."""

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
    """A row of the register; metrics as din measures them on days after those that taught and validated. `champion`:
    whether it won when it was registered, and so ranks the nights from `ds` on, up to the next that wins.

    `users`: those that have a GAUC. `epoch`: the one whose weights were kept, by `valid_gauc`, their GAUC on the days
    that validate, NaN where none did; 0 is the model it started from. `warm_from`: which that was, None where it
    started from nothing. `decision`: which nights it ranks and why, as its training says; the register has no such
    column."""

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
    """A model that ranks the nights from `ds` on."""

    ds: date
    model_id: str


def champion_id(warehouse: Warehouse, ds: date | None = None) -> str | None:
    """The model that ranks the night of `ds`: the newest champion that does not know its future. Without `ds`, the one
    that ranks now. None where there is none."""
    return warehouse.one("ledger/champion", ds=ds)


def next_champion(warehouse: Warehouse, ds: date) -> NextChampion | None:
    """The first model that ranks nights after `ds` and was trained for one of them, None where there is none."""
    return next((NextChampion(*row) for row in warehouse.run("ledger/next_champion", ds=ds)), None)


def ranked_by_others(warehouse: Warehouse, model_id: str, first_ds: date, until: date) -> list[date]:
    """The nights from a day on, before another, that another model has ranked."""
    values = {"model_id": model_id, "first_ds": first_ds, "until": until}
    return [ds for (ds,) in warehouse.run("ledger/ranked_by_others", **values)]


def last_training_day(warehouse: Warehouse, ds: date) -> date | None:
    """The newest day up to `ds` that a model was trained for, champion or not."""
    return warehouse.one("ledger/last_training", ds=ds)


def warm_start_model_id(warehouse: Warehouse, ds: date, pooling: str) -> str | None:
    """The model that a training for `ds` may start from: the champion of the days before, or for another pooling the
    model of that pooling that was trained beside it, where there is one. None without a champion."""
    return warehouse.one("ledger/start_of", ds=ds, pooling=pooling)


def trained_on_erased_user(warehouse: Warehouse, model_id: str) -> bool:
    """Whether somebody who was forgotten since is in what a model learned from."""
    return bool(warehouse.one("ledger/learned_from_forgotten", model_id=model_id))


def checkpoints_trained_on(models: Path, days: set[date]) -> list[str]:
    """The checkpoints that learned from one of these days, by name: those whose window has one, the days that taught,
    validated and measured, and those that started from such a one. One that does not say may have."""
    found: dict[str, bool] = {}
    for _, path, about in sorted((str(about.get("ds")), path, about) for path, about in records(models)):
        began = about.get("warm_from")
        found[path.name] = window_contains(about, days) or (began is not None and found.get(began, bool(days)))
    return sorted(name for name, learned in found.items() if learned)


def records(models: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each checkpoint's folder and its model.json."""
    for path in models.glob("*/model.json"):
        yield path.parent, checkpoint_metadata(models, path.parent.name)


def checkpoint_metadata(models: Path, model_id: str) -> dict[str, Any]:
    """What a checkpoint says of itself, model.json; empty where it cannot be read."""
    try:
        about = json.loads((models / model_id / "model.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        about = None
    return about if isinstance(about, dict) else {}


def window_contains(about: dict[str, Any], days: set[date]) -> bool:
    try:
        last, window = date.fromisoformat(about["ds"]), about["window"]
        length = timedelta(days=window["train_days"] + window.get("valid_days", 0) + window["eval_days"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return bool(days)
    return any(last - length < day <= last for day in days)


def register_models(warehouse: Warehouse, records: list[ModelRecord]) -> None:
    """Adds models to the register, all or none. A champion takes the place of the one before for the nights from its
    day on, and of no newer one; a model registered again loses nothing."""
    with warehouse.transaction():
        for record in records:
            values = {**vars(record), "created_at": warehouse.clock(), "run_id": warehouse.run_id}
            warehouse.run("ledger/register_model", **values)


def table_sizes(warehouse: Warehouse) -> tuple[int, int, int, int]:
    """How many rows the embeddings of goods, shops, categories and users need: one for each key given, and row 0, the
    unknown one."""
    [(goods, shops, categories, users)] = warehouse.run("ledger/table_sizes")
    return goods, shops, categories, users


def require_champion(warehouse: Warehouse, ds: date) -> str:
    """The model that ranks the night. Raises FeatureError where none was trained yet, or only such as know of days
    after it."""
    model_id = champion_id(warehouse, ds)
    if model_id:
        return model_id
    newer, train = champion_id(warehouse), warehouse.store.command(f"train --ds {ds}")
    if newer:
        raise FeatureError(
            f"model {newer} was trained on days after {ds} and would rank {ds} with knowledge of its future; "
            f"train one for then first: {train}"
        )
    raise FeatureError(f"no model yet; train one first: {train}")
