"""Examples -> DIN beside mean pooling, measured on later days -> the register, and perhaps a new champion.

Plain functions: `nightrank train --plain` calls them as they are, flows/train.py wraps each in a Prefect task.
"""

import math
import time
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import features
from features import FeatureError, ModelRecord, Warehouse
from flows import progress
from flows.night import Step, choose_day, histories, plainly, utc_now
from flows.progress import log
from flows.reading import read_on
from flows.settings import Settings, load_settings, open_store

if TYPE_CHECKING:
    import din

BASELINE = "mean"  # RelaImpr is over mean pooling, as in the paper


@dataclass(frozen=True)
class Material:
    """What training needs in memory: both sequences, the examples before and after the split, and how many rows the
    goods and the shop tables have."""

    goods: "din.Sequence"
    shops: "din.Sequence"
    train: "din.Examples"
    eval: "din.Examples"
    rows: tuple[int, int]


def gather(run: Warehouse, settings: Settings, ds: date) -> Material:
    """Loads the window's examples and the slices of history they may see, and hands them over to the model.

    Raises FeatureError where there are none to train or to measure on.
    """
    import din

    first_eval = ds - timedelta(days=settings.window.eval_days - 1)
    found = features.load_material(run, window_days(settings, ds)[0], first_eval, ds, settings.sequences)
    if not len(found.before) or not len(found.after):
        raise FeatureError(
            f"no examples to train and measure on: {len(found.before)} before and {len(found.after)} in the last "
            f"{settings.window.eval_days} days up to {ds}; the store needs more days of events"
        )
    return Material(
        din.Sequence(found.goods.keys, found.goods.ts),
        din.Sequence(found.shops.keys, found.shops.ts),
        hand_over(found, found.before),
        hand_over(found, found.after),
        features.table_sizes(run),
    )


def window_days(settings: Settings, ds: date) -> list[date]:
    return features.days_back(ds, settings.window.eval_days + settings.window.train_days)


def hand_over(found: features.Material, rows: Any) -> "din.Examples":
    """Some of the examples with their slices, for the model."""
    import din

    labelled = found.examples.where(rows)
    return din.Examples(
        labelled.user_keys,
        labelled.goods_keys,
        labelled.shop_keys,
        labelled.labels,
        labelled.as_of,
        din.Spans(found.goods.start[rows], found.goods.end[rows]),
        din.Spans(found.shops.start[rows], found.shops.end[rows]),
    )


def run_training(root: Path, ds: date | None, step: Step = plainly) -> list[ModelRecord]:
    """Trains the baseline and the model on the days up to `ds`; the newest day with events where none is given."""
    settings = load_settings(root)
    store = open_store(root, settings)
    with features.open_warehouse(store, "nightrank train", utc_now) as warehouse:
        read_on(warehouse, settings, ds)
        return train_models(warehouse, settings, choose_day(warehouse, store, ds), step)


def train_models(warehouse: Warehouse, settings: Settings, ds: date, step: Step) -> list[ModelRecord]:
    with warehouse.recorded_run("train", ds) as run:
        step(histories)(run, ds)
        step(examples)(run, settings, ds)
        return step(train_and_register)(run, settings, ds)


def examples(run: Warehouse, settings: Settings, ds: date) -> int:
    """The examples of every day of the window that has a night before it; the first day has none, unless its examples
    see what was before each event."""
    first, _ = features.event_days(run) or (ds, ds)
    alone = settings.examples.history == "event" and settings.examples.draw != "candidates"
    days = [day for day in window_days(settings, ds) if day > first or (alone and day == first)]
    if settings.examples.draw == "candidates":
        for day in days:
            offer(run, settings, day - timedelta(days=1))
    features.view_histories(run, ds)
    rows = 0
    with progress.bar(f"examples {ds}") as tell:
        for done, day in enumerate(days, start=1):
            rows += features.build_examples(run, day, ds, settings.examples, settings.candidates)
            tell(done, len(days), str(day))
    log.info("examples_built", ds=ds, days=len(days), rows=rows)
    return rows


def examples_of_day(run: Warehouse, settings: Settings, ds: date, known_until: date) -> int:
    """The examples of one day, with what was known by the end of another."""
    if settings.examples.draw == "candidates":
        offer(run, settings, ds - timedelta(days=1))
    features.build_histories(run, known_until)
    features.view_histories(run, known_until)
    return features.build_examples(run, ds, known_until, settings.examples, settings.candidates)


def offer(run: Warehouse, settings: Settings, night: date) -> None:
    """The candidates of a night, for negatives to be drawn from."""
    features.build_histories(run, night)
    features.build_night_goods(run, night, settings.candidates)
    features.build_candidates(run, night, settings.candidates)


def train_and_register(run: Warehouse, settings: Settings, ds: date) -> list[ModelRecord]:
    """Mean pooling, then the model, on the same examples; the model ranks the nights from `ds` on unless it is worse
    than the one that ranks the night of `ds`."""
    material = gather(run, settings, ds)
    base = one_model(run, settings, material, ds, BASELINE, None)
    record = base
    if settings.din.pooling != BASELINE:
        record = one_model(run, settings, material, ds, settings.din.pooling, base.gauc)
    standing = champion_gauc(run, material, ds)
    champion = standing is None or not record.gauc < standing
    record = replace(record, champion=champion)
    records = [record] if record.model_id == base.model_id else [base, record]
    features.register_models(run, records)
    log.info(
        "model_registered", model_id=record.model_id, gauc=record.gauc, champion=champion, champion_before=standing
    )
    return records


def learn(
    settings: Settings, material: Material, pooling: "din.Pooling", under_way: Path | None = None
) -> tuple["din.DIN", "din.Metrics", float]:
    """Trains and measures one model; gives the seconds its training took too. One that was killed goes on from what is
    kept at `under_way`."""
    import din

    started = time.monotonic()
    shape = replace(settings.model_shape, pooling=pooling)
    with progress.bar(f"train {pooling}") as tell:
        model = din.fit(
            shape,
            settings.train,
            material.train,
            material.goods,
            material.shops,
            material.rows,
            lambda done, total, loss: tell(done, total, f"loss {loss:.3f}"),
            under_way=under_way,
        )
    seconds = time.monotonic() - started
    return model, measure(model, material), seconds


def one_model(
    run: Warehouse, settings: Settings, material: Material, ds: date, pooling: "din.Pooling", base_gauc: float | None
) -> ModelRecord:
    """Trains, measures and saves one model."""
    import din

    under_way = run.store.models / f".{pooling}-{ds}.under_way.safetensors"
    model, metrics, seconds = learn(settings, material, pooling, under_way)
    about = {"ds": ds, "train": asdict(settings.train), "window": asdict(settings.window), "run_id": run.run_id}
    model_id = din.save_model(run.store.models, model, about, asdict(metrics))
    log.info(
        "model_trained", model_id=model_id, auc=metrics.auc, gauc=metrics.gauc, logloss=metrics.logloss, seconds=seconds
    )
    base = metrics.gauc if base_gauc is None else base_gauc
    return ModelRecord(
        model_id,
        ds,
        pooling,
        metrics.auc,
        metrics.gauc,
        metrics.logloss,
        base,
        din.rela_impr(metrics.gauc, base),
        False,
        len(material.train),
        len(material.eval),
        *material.rows,
        seconds,
    )


def measure(model: "din.DIN", material: Material) -> "din.Metrics":
    import din

    scores = din.predict(model, material.eval, material.goods, material.shops)
    return din.evaluate(material.eval.user_keys, material.eval.labels, scores)


def champion_gauc(run: Warehouse, material: Material, ds: date) -> float | None:
    """The GAUC, on these very examples, of the champion that ranks the night of `ds`; None where there is none that can
    be read. A champion of a later day learned from the very days that measure here: against it nothing could win."""
    import din

    model_id = features.champion_id(run, ds)
    if model_id is None:
        return None
    try:
        gauc = measure(din.load_model(run.store.models, model_id), material).gauc
    except din.DinError as error:
        log.warning("champion_unreadable", model_id=model_id, error=str(error))
        return None
    return None if math.isnan(gauc) else gauc
