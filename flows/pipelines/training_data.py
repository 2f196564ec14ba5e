"""The days of a training -> what teaches a model, what validates it, and what measures it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import features
from features import FeatureError, Warehouse
from flows.runtime.progress import log
from flows.settings import Settings, WindowConfig

if TYPE_CHECKING:
    import din

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Split:
    """The first day of each part of a window: of the days that teach, that validate, and that measure."""

    teach: date
    valid: date
    measure: date


@dataclass(frozen=True)
class TrainingSplits:
    """What training needs in memory: both sequences; the examples that teach, those that validate, None where none can,
    and those that measure; how many rows the tables of goods, shops, categories and users have; when each part begins;
    the category of each goods where the model has categories, else None; the keys of goods and shops that only the
    catalogue has, which stay unknown to the model; and why nothing validates, as a sentence."""

    goods: "din.EventSequence"
    shops: "din.EventSequence"
    teach: "din.Examples"
    valid: "din.Examples | None"
    measure: "din.Examples"
    rows: tuple[int, int, int, int]
    split: Split
    category_of: Any = None
    never_touched: Any = ()
    not_validated: str = ""

    @property
    def categories_until(self) -> date:
        """The last day whose events tell categories: nothing that measures tells what a goods is."""
        return self.split.measure - DAY

    @property
    def taught_until(self) -> date:
        """The last day that teaches; those that validate teach where they cannot validate."""
        return (self.split.measure if self.valid is None else self.split.valid) - DAY


def split_of(window: WindowConfig, ds: date) -> Split:
    measure = ds - DAY * (window.eval_days - 1)
    valid = measure - DAY * window.valid_days
    return Split(valid - DAY * window.train_days, valid, measure)


def window_days(settings: Settings, ds: date) -> list[date]:
    return features.last_days(ds, settings.window.days)


def load_splits(run: Warehouse, settings: Settings, ds: date) -> TrainingSplits:
    """Loads the window's examples and the slices of history they may see, and hands them over to the model.

    Where the days that validate are of no use, as in a store of few days, they teach with the others, no epoch is
    chosen, and the log says why. Raises FeatureError where there are none to train or to measure on.
    """
    import din

    window, split = settings.window, split_of(settings.window, ds)
    found = features.load_training_data(run, split.teach, split.valid, split.measure, ds, settings.sequences)
    before = len(found.train) + len(found.valid)
    if not before or not len(found.test):
        raise FeatureError(
            f"no examples to train and measure on: {before} before and {len(found.test)} in the last "
            f"{window.eval_days} days up to {ds}; {another_day(run, settings, ds)}"
        )
    teach, valid = to_din_examples(found, found.train), to_din_examples(found, found.valid)
    why_not = din.validation_error(teach, valid)
    left_out = skipped_validation(split, window, ds, why_not) if why_not and window.valid_days else ""
    if left_out:
        teach = to_din_examples(found, found.train_and_valid)
    features.create_histories_view(run, ds)
    category_of = features.assign_category_keys(run, split.measure - DAY) if settings.din.category_embedding else None
    return TrainingSplits(
        din.EventSequence(found.goods.keys, found.goods.ts),
        din.EventSequence(found.shops.keys, found.shops.ts),
        teach,
        None if why_not else valid,
        to_din_examples(found, found.test),
        features.table_sizes(run),
        split,
        category_of,
        features.never_touched(run, ds),
        left_out,
    )


def skipped_validation(split: Split, window: WindowConfig, ds: date, why_not: str) -> str:
    """Logs that the days that should validate cannot, and gives it as a sentence with the setting and what to type."""
    setting, without = f"window.valid_days = {window.valid_days}", "export NIGHTRANK_WINDOW__VALID_DAYS=0"
    days = f"{split.valid} to {split.measure - DAY}"
    log.warning("validation_left_out", ds=ds, reason=why_not, setting=setting, days=days, to_train_without=without)
    return (
        f"it was not validated, and its last epoch is kept: {why_not} ({setting}: {days}). With more days of events "
        f"it is; to train without validation on purpose, type: {without}"
    )


def another_day(run: Warehouse, settings: Settings, ds: date) -> str:
    """What to type where nothing can be trained for a day: the first day that has examples in and before its last."""
    first = features.first_trainable(run, settings.examples, settings.window.eval_days)
    days = features.event_days(run)
    if days and ds < first <= days[1]:
        command = "compare" if run.run_id.startswith("compare") else "train"
        return f"take a later day: {run.store.command(f'{command} --ds {first}')}"
    return "the store needs more days of events"


def to_din_examples(found: features.TrainingData, rows: Any) -> "din.Examples":
    """Some of the examples with their slices, for the model."""
    import din

    labelled = found.examples.select(rows)
    return din.Examples(
        labelled.user_keys,
        labelled.goods_keys,
        labelled.shop_keys,
        labelled.labels,
        labelled.as_of,
        din.Spans(found.goods.start[rows], found.goods.end[rows]),
        din.Spans(found.shops.start[rows], found.shops.end[rows]),
    )
