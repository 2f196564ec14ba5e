"""A model that was trained -> whether it ranks the nights from its day on, which nights these are, and why."""

import math
from datetime import date
from typing import TYPE_CHECKING

import features
from features import ModelRecord, Warehouse
from flows.pipelines.training_data import DAY, TrainingSplits
from flows.pipelines.warm_start import training_window
from flows.runtime.progress import log

if TYPE_CHECKING:
    import din


def measure(model: "din.DIN", material: TrainingSplits) -> "din.Metrics":
    import din

    scores = din.predict(model, material.measure, material.goods, material.shops)
    return din.evaluate(material.measure.user_keys, material.measure.labels, scores)


def champion_gauc(run: Warehouse, material: TrainingSplits, ds: date) -> float | None:
    """The GAUC, on these very examples, of the champion that ranks the night of `ds`; None where there is none that can
    be read. One that learned from the very days that measure here is none: against it nothing could win. Those of later
    days did, and of earlier ones those that were measured on fewer days."""
    import din

    model_id = features.champion_id(run, ds)
    if model_id is None:
        return None
    try:
        learned_until = training_window(run, model_id).chosen_until
        if learned_until >= material.split.measure:
            since = material.split.measure
            log.warning("champion_not_compared", model_id=model_id, learned_until=learned_until, measured_from=since)
            return None
        champion = din.load_model(run.store.models, model_id)
        champion.hear(material.category_of)
        gauc = measure(champion, material).gauc
    except din.DinError as error:
        log.warning("champion_unreadable", model_id=model_id, error=str(error))
        return None
    return None if math.isnan(gauc) else gauc


def decision(run: Warehouse, record: ModelRecord, before: str | None, gauc_before: float | None) -> str:
    """Which nights a registered model ranks, and why: `before` is the model that ranked the night of its day."""
    ranker, after = features.champion_id(run, record.ds), features.next_champion(run, record.ds)
    nights, later = f"the nights from {record.ds} on", ""
    if after:
        last = after.ds - DAY
        nights = f"the nights from {record.ds} to {last}" if last > record.ds else f"the night of {last} alone"
        later = f"; from {after.ds} on {after.model_id} ranks, which was trained for {after.ds}"
    why = reason(record, before, gauc_before)
    if ranker == record.model_id:
        return f"it ranks {nights}, since {why}{later}{ranked_by_others(run, record, after)}"
    return f"it ranks no night, since {why}; {ranker} ranks {nights}{later}"


def ranked_by_others(run: Warehouse, record: ModelRecord, after: features.NextChampion | None) -> str:
    """That nights of a new model which are ranked already stay so, with the command that names them."""
    until = after.ds if after else date.max
    others = features.ranked_by_others(run, record.model_id, record.ds, until)
    if not others:
        return ""
    first, last = others[0], others[-1]
    command = run.store.command(f"plan {first} {last}")
    return f". Nights that another model ranked before stay as they are; see them with: {command}"


def reason(record: ModelRecord, before: str | None, gauc_before: float | None) -> str:
    """Why a model became the champion of its day, or did not."""
    if before is None:
        return f"no other model may rank {record.ds}"
    if before == record.model_id:
        return "it ranked them before, and the training gave the same model again"
    if gauc_before is None:
        return f"{before}, which ranked them before, cannot be compared with it"
    than = f"{before}, which has {gauc_before:.4f} on the same examples"
    if math.isnan(record.gauc):
        return f"it has no GAUC to compare with that of {than}"
    return f"its GAUC {record.gauc:.4f} is {'not ' if record.champion else ''}below that of {than}"
