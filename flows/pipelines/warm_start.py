"""The model of the night before -> where a training starts, or why it starts cold.

A start must not know what it will be held against. The champion of a day before ds learned from days before those that
validated and measured it, and so before those that do now, as long as the window keeps its shape. Where it does not,
the days that model.json names tell.
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import features
from features import Warehouse
from flows.pipelines.training_data import DAY, TrainingSplits
from flows.runtime.progress import log
from flows.settings import Settings

if TYPE_CHECKING:
    import din


@dataclass(frozen=True)
class WarmStart:
    """A model to start from, and its name."""

    model_id: str
    model: "din.DIN"


@dataclass(frozen=True)
class TrainingWindow:
    """The last day that taught a model, and the last that taught or validated it."""

    taught_until: date
    chosen_until: date


class ColdStart(Exception):
    """Why a training cannot start from a model."""


def start_for(
    run: Warehouse, settings: Settings, material: TrainingSplits, ds: date, pooling: "din.Pooling"
) -> WarmStart | None:
    """The model to start from; None, with the reason in the log, where a training has to start cold.

    It is of a day before ds, so that training again for a day starts from the same, and gives the same.
    """
    if not settings.train.warm_start:
        return None
    model_id = features.warm_start_model_id(run, ds, pooling)
    try:
        start = find_start(run, settings, material, pooling, model_id)
    except ColdStart as error:
        log.warning("starts_cold", pooling=pooling, ds=ds, instead_of=model_id, reason=error)
        return None
    log.info("starts_warm", pooling=pooling, ds=ds, warm_from=model_id)
    return start


def find_start(
    run: Warehouse, settings: Settings, material: TrainingSplits, pooling: "din.Pooling", model_id: str | None
) -> WarmStart:
    import din

    if model_id is None:
        raise ColdStart("no champion is of a day before")
    if features.trained_on_erased_user(run, model_id):
        raise ColdStart("it learned from somebody who was forgotten since")
    try:
        learned, model = training_window(run, model_id), din.load_model(run.store.models, model_id)
    except din.DinError as error:
        raise ColdStart(str(error)) from error
    if learned.taught_until > material.taught_until or learned.chosen_until >= material.split.measure:
        raise ColdStart(
            f"it learned from days up to {learned.taught_until} and was chosen by days up to {learned.chosen_until}; "
            f"here days teach up to {material.taught_until} and measure from {material.split.measure} on"
        )
    why_not = din.warm_start_error(model, settings.shape_of(pooling), material.rows)
    if why_not:
        raise ColdStart(why_not)
    return WarmStart(model_id, model)


def training_window(run: Warehouse, model_id: str) -> TrainingWindow:
    """What model.json says; a model that does not say its window may have learned from every day up to its own. Raises
    DinError where it cannot be read."""
    import din

    about = din.read_metadata(run.store.models, model_id)
    ds, window = date.fromisoformat(about["ds"]), about.get("window", {"eval_days": 0})
    chosen_until = ds - DAY * window["eval_days"]
    taught_until = date.fromisoformat(about["taught_until"]) if "taught_until" in about else chosen_until
    return TrainingWindow(taught_until, chosen_until)
