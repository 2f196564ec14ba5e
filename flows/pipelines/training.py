"""Examples -> DIN beside mean pooling, measured on later days -> the register, and perhaps a new champion.

Plain functions: `nightrank train --plain` calls them as they are, flows/deployments wraps each in a Prefect task.
"""

import time
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import features
from features import ModelRecord, Warehouse
from flows.clock import utc_now
from flows.pipelines.champion import champion_gauc, decision, measure
from flows.pipelines.ingest import ingest_new_days, resolve_ds
from flows.pipelines.nightly import histories
from flows.pipelines.training_data import DAY, TrainingSplits, load_splits, window_days
from flows.pipelines.warm_start import start_for
from flows.runtime import progress
from flows.runtime.json_values import json_value
from flows.runtime.progress import log
from flows.runtime.steps import StageTimer, Step, with_retries
from flows.runtime.timeouts import within_training
from flows.settings import Settings, load_settings, open_store

if TYPE_CHECKING:
    import din

BASELINE = "mean"  # RelaImpr is over mean pooling, as in the paper


def run_training(root: Path, ds: date | None, step: Step = with_retries, older_than_days: int = 0) -> list[ModelRecord]:
    """Trains the baseline and the model on the days up to `ds`; the newest day with events where none is given.

    With `older_than_days`, only where no model was trained for a day so near.
    """
    settings = load_settings(root)
    store = open_store(root, settings)
    with features.open_warehouse(store, "nightrank train", utc_now) as warehouse:
        features.require_lake(warehouse)
        ingest_new_days(warehouse, settings, ds)
        chosen = resolve_ds(warehouse, store, ds)
        last = features.last_training_day(warehouse, chosen)
        if last and (chosen - last).days < older_than_days:
            log.info("nothing_to_train", ds=chosen, trained_for=last, older_than_days=older_than_days)
            return []
        return train_models(warehouse, settings, chosen, step)


def train_models(warehouse: Warehouse, settings: Settings, ds: date, step: Step) -> list[ModelRecord]:
    stages = StageTimer()
    step = stages.timed(step)
    with warehouse.recorded_run("train", ds) as run, within_training(run, settings.timeouts, stages):
        step(histories)(run, ds)
        step(examples)(run, settings, ds)
        return step(train_and_register)(run, settings, ds)


def examples(run: Warehouse, settings: Settings, ds: date) -> int:
    """The examples of every day of the window that has a night before it; the first day has none, unless its examples
    see what was before each event."""
    first, _ = features.event_days(run) or (ds, ds)
    config = settings.examples
    alone = config.history_cutoff == "event" and not features.needs_candidates(run, first, config)
    days = [day for day in window_days(settings, ds) if day > first or (alone and day == first)]
    made_of_candidates = [day for day in days if features.needs_candidates(run, day, config)]
    with progress.bar(f"candidates {ds}") as tell:
        for done, day in enumerate(made_of_candidates, start=1):
            build_candidates_for_examples(run, settings, day - DAY)
            tell(done, len(made_of_candidates), str(day))
    features.create_histories_view(run, ds)
    rows = 0
    with progress.bar(f"examples {ds}") as tell:
        for done, day in enumerate(days, start=1):
            rows += features.build_examples(run, day, ds, config, settings.candidates)
            tell(done, len(days), str(day))
    log.info("examples_built", ds=ds, days=len(days), rows=rows)
    return rows


def examples_of_day(run: Warehouse, settings: Settings, ds: date, known_until: date) -> int:
    """The examples of one day, with what was known by the end of another."""
    if features.needs_candidates(run, ds, settings.examples):
        build_candidates_for_examples(run, settings, ds - DAY)
    features.build_histories(run, known_until)
    features.create_histories_view(run, known_until)
    return features.build_examples(run, ds, known_until, settings.examples, settings.candidates)


def build_candidates_for_examples(run: Warehouse, settings: Settings, night: date) -> None:
    """The candidates of a night, of which the examples of the day after are made."""
    features.build_histories(run, night)
    features.build_night_goods(run, night, settings.candidates)
    features.build_night_pairs(run, night, settings.candidates)
    features.build_candidates(run, night, settings.candidates)


def train_and_register(run: Warehouse, settings: Settings, ds: date) -> list[ModelRecord]:
    """Mean pooling, then the model, on the same examples; the model ranks the nights from `ds` on unless it is worse
    than the one that ranks the night of `ds`. The model is the last of what is returned."""
    material = load_splits(run, settings, ds)
    base = train_and_save(run, settings, material, ds, BASELINE, None)
    record = base
    if settings.din.pooling != BASELINE:
        record = train_and_save(run, settings, material, ds, settings.din.pooling, base.gauc)
    before, standing = features.champion_id(run, ds), champion_gauc(run, material, ds)
    champion = standing is None or not record.gauc < standing
    record = replace(record, champion=champion)
    others = [base] if base.model_id != record.model_id else []
    features.register_models(run, [*others, record])
    log.info(
        "model_registered", model_id=record.model_id, gauc=record.gauc, champion=champion, champion_before=standing
    )
    sentences = [decision(run, record, before, standing), material.not_validated]
    return [*others, replace(record, decision="\n".join(filter(None, sentences)))]


@dataclass(frozen=True)
class TrainedModel:
    """A model with its measures: the epoch that was kept, by which GAUC on the days that validate, NaN where none do,
    the seconds its training took, and its curves."""

    model: "din.DIN"
    metrics: "din.Metrics"
    epoch: int
    valid_gauc: float
    seconds: float
    curves: dict[str, Any]

    @property
    def measures(self) -> dict[str, Any]:
        return asdict(self.metrics) | {"epoch": self.epoch, "valid_gauc": self.valid_gauc}


def train_and_evaluate(
    settings: Settings,
    material: TrainingSplits,
    pooling: "din.Pooling",
    under_way: Path | None = None,
    start: "din.DIN | None" = None,
) -> TrainedModel:
    """Trains and measures one model, from scratch where no start is given. One that was killed goes on from what is
    kept at `under_way`."""
    import din

    started, best = time.monotonic(), din.BestEpoch()
    with progress.bar(f"train {pooling}") as tell:
        model = din.fit(
            settings.shape_of(pooling),
            settings.train,
            material.teach,
            material.goods,
            material.shops,
            material.rows,
            lambda done, total, loss: tell(done, total, f"loss {loss:.3f}"),
            material.valid,
            under_way,
            start,
            best,
            material.category_of,
        )
    din.make_unknown(model, *material.never_touched)
    seconds = time.monotonic() - started
    return TrainedModel(model, measure(model, material), best.epoch, best.gauc, seconds, best.course.curves)


def train_and_save(
    run: Warehouse,
    settings: Settings,
    material: TrainingSplits,
    ds: date,
    pooling: "din.Pooling",
    base_gauc: float | None,
) -> ModelRecord:
    """Trains, measures and saves one model."""
    import din

    start = start_for(run, settings, material, ds, pooling)
    under_way = run.store.models / f".{pooling}-{ds}.under_way.safetensors"
    trained = train_and_evaluate(settings, material, pooling, under_way, start and start.model)
    about = {
        "ds": ds,
        "train": asdict(settings.train),
        "window": asdict(settings.window),
        "taught_until": material.taught_until,
        **({"categories_until": material.categories_until} if settings.din.category_embedding else {}),
        "warm_from": start and start.model_id,
        "run_id": run.run_id,
    }
    model_id = din.save_model(run.store.models, trained.model, about, json_value(trained.measures | trained.curves))
    found, seconds = trained.metrics, trained.seconds
    said = {"auc": found.auc, "gauc": found.gauc, "logloss": found.logloss, "epoch": trained.epoch}
    log.info("model_trained", model_id=model_id, **said, valid_gauc=trained.valid_gauc, seconds=seconds)
    base = found.gauc if base_gauc is None else base_gauc
    return ModelRecord(
        model_id=model_id,
        ds=ds,
        pooling=pooling,
        base_gauc=base,
        rela_impr=din.rela_impr(found.gauc, base),
        champion=False,
        train_examples=len(material.teach),
        valid_examples=len(material.valid or ()),
        eval_examples=len(material.measure),
        goods_rows=material.rows[0],
        shop_rows=material.rows[1],
        seconds=seconds,
        warm_from=about["warm_from"],
        **{name: value for name, value in trained.measures.items() if name != "examples"},
    )
