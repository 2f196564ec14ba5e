"""Examples and histories -> training data: labels, and for each the slices of goods and shops it may see."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from features.config import SequenceConfig
from features.sequences.histories import load_histories
from features.sequences.history_slices import GROUPS, HistorySlices, select_group, slice_histories
from features.sequences.point_in_time import visibility_of
from features.store.store import epoch_microseconds
from features.store.warehouse import Warehouse
from features.training.examples import LabelledExamples, load_examples


@dataclass(frozen=True)
class TrainingData:
    """Hold the examples of some days, their history slices, and the rows of each split.

    `goods` and `shops` have one slice for each example. `train`, `valid` and `test` are the rows of the training,
    validation and test days: int64 each.
    """

    examples: LabelledExamples
    goods: HistorySlices
    shops: HistorySlices
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray

    @property
    def train_and_valid(self) -> np.ndarray:
        """Return the rows of all days before the test days."""
        return np.concatenate([self.train, self.valid])


def load_training_data(
    warehouse: Warehouse, first_ds: date, valid_ds: date, test_ds: date, last_ds: date, config: SequenceConfig
) -> TrainingData:
    """Load the examples from `first_ds` to `last_ds`, both included, with their history slices.

    Those before `valid_ds` are for training, those from `test_ds` on are for the test, those between for validation.
    """
    examples = load_examples(warehouse, first_ds, last_ds)
    histories = load_histories(warehouse, last_ds)
    visible = visibility_of(histories, examples.user_keys, examples.as_of)
    goods, shops = (
        slice_histories(select_group(warehouse, histories, group, getattr(config, group)), visible) for group in GROUPS
    )
    valid, test = (epoch_microseconds(warehouse.store.day_start(day)) for day in (valid_ds, test_ds))
    split = (examples.as_of >= valid).astype(np.int64) + (examples.as_of >= test)
    return TrainingData(examples, goods, shops, *(np.flatnonzero(split == number) for number in range(3)))
