"""Examples -> DIN beside mean pooling, measured on later days -> the register, and perhaps a new champion.

Plain functions: `nightrank train --plain` calls them as they are, flows/train.py wraps each in a Prefect task.
"""

import math
import time
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import features
from features import FeatureError, Group, Histories, LabelledExamples, ModelRecord, Warehouse
from flows import progress
from flows.night import Step, choose_day, histories, plainly, read_on, utc_now
from flows.progress import log
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
    """Loads the window's examples and the histories they are slices of."""
    import din

    loaded = features.load_histories(run, ds)
    goods, shops = loaded.group(loaded.goods_keys), loaded.group(loaded.shop_keys)
    days = window_days(settings, ds)
    last_train = ds - timedelta(days=settings.window.eval_days)
    before, after = (
        features.load_examples(run, days[0], last_train),
        features.load_examples(run, last_train + timedelta(days=1), ds),
    )
    return Material(
        din.Sequence(goods.keys, goods.ts),
        din.Sequence(shops.keys, shops.ts),
        hand_over(loaded, goods, shops, before),
        hand_over(loaded, goods, shops, after),
        features.table_sizes(run),
    )


def window_days(settings: Settings, ds: date) -> list[date]:
    return features.days_back(ds, settings.window.eval_days + settings.window.train_days)


def hand_over(loaded: Histories, goods: Group, shops: Group, labelled: LabelledExamples) -> "din.Examples":
    """Labelled examples with the slices of each group their histories are, for the model."""
    import din

    return din.Examples(
        labelled.user_keys,
        labelled.goods_keys,
        labelled.shop_keys,
        labelled.labels,
        labelled.as_of,
        din.Spans(*loaded.span(goods, labelled.user_keys, labelled.ends)),
        din.Spans(*loaded.span(shops, labelled.user_keys, labelled.ends)),
    )


def run_training(root: Path, ds: date | None, step: Step = plainly) -> list[ModelRecord]:
    """Trains the baseline and the model on the days up to `ds`; the newest day with events where none is given."""
    settings = load_settings(root)
    store = open_store(root, settings)
    with features.open_warehouse(store, "nightrank train", utc_now) as warehouse:
        read_on(warehouse, store, ds)
        return train_models(warehouse, settings, choose_day(warehouse, store, ds), step)


def train_models(warehouse: Warehouse, settings: Settings, ds: date, step: Step) -> list[ModelRecord]:
    with warehouse.recorded_run("train", ds) as run:
        step(histories)(run, ds)
        step(examples)(run, settings, ds)
        return step(train_and_register)(run, settings, ds)


def examples(run: Warehouse, settings: Settings, ds: date) -> int:
    """The examples of every day of the window that has a night before it."""
    loaded = features.load_histories(run, ds)
    features.view_histories(run, ds)
    first, _ = features.event_days(run) or (ds, ds)
    days = [day for day in window_days(settings, ds) if day > first]
    rows = 0
    with progress.bar(f"examples {ds}") as tell:
        for done, day in enumerate(days, start=1):
            rows += features.build_examples(run, day, loaded, settings.examples)
            tell(done, len(days), str(day))
    log.info("examples_built", ds=ds, days=len(days), rows=rows)
    return rows


def train_and_register(run: Warehouse, settings: Settings, ds: date) -> list[ModelRecord]:
    """Mean pooling, then the model, on the same examples; the model ranks the nights from `ds` on unless it is worse
    than the one that ranks the night of `ds`."""
    material = gather(run, settings, ds)
    if not len(material.eval) or not len(material.train):
        raise FeatureError(
            f"no examples to train and measure on: {len(material.train)} before and {len(material.eval)} in the last "
            f"{settings.window.eval_days} days up to {ds}; the store needs more days of events"
        )
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


def one_model(
    run: Warehouse, settings: Settings, material: Material, ds: date, pooling: "din.Pooling", base_gauc: float | None
) -> ModelRecord:
    """Trains, measures and saves one model."""
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
        )
    seconds = time.monotonic() - started
    metrics = measure(model, material)
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
