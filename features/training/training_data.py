"""Examples and histories -> what a model learns from: labels, and for each the slices of goods and shops it may see."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from features.config import SequenceConfig
from features.sequences.histories import load_histories
from features.sequences.history_slices import GROUPS, Slices, select_group, slice_histories
from features.sequences.point_in_time import visibility_of
from features.store.store import epoch_microseconds
from features.store.warehouse import Warehouse
from features.training.examples import LabelledExamples, load_examples


@dataclass(frozen=True)
class TrainingData:
    """The examples of some days, the slices of both groups for each of them, and which rows are of the days that teach,
    of those that validate, and of those that measure: int64 each."""

    examples: LabelledExamples
    goods: Slices
    shops: Slices
    teach: np.ndarray
    valid: np.ndarray
    measure: np.ndarray

    @property
    def teach_and_valid(self) -> np.ndarray:
        """The rows of all days before those that measure."""
        return np.concatenate([self.teach, self.valid])


def load_training_data(
    warehouse: Warehouse, first_ds: date, valid_ds: date, measure_ds: date, last_ds: date, config: SequenceConfig
) -> TrainingData:
    """The examples from `first_ds` to `last_ds`, both included: those before `valid_ds` teach, those from `measure_ds`
    on measure, those between validate."""
    examples = load_examples(warehouse, first_ds, last_ds)
    histories = load_histories(warehouse, last_ds)
    moments = visibility_of(histories, examples.user_keys, examples.as_of)
    goods, shops = (
        slice_histories(select_group(warehouse, histories, part, getattr(config, part)), moments) for part in GROUPS
    )
    valid, measure = (epoch_microseconds(warehouse.store.day_start(day)) for day in (valid_ds, measure_ds))
    part = (examples.as_of >= valid).astype(np.int64) + (examples.as_of >= measure)
    return TrainingData(examples, goods, shops, *(np.flatnonzero(part == which) for which in range(3)))
