"""Examples and histories -> what a model learns from: labels, and for each the slices of goods and shops it may see."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from features.config import SequenceConfig
from features.examples import LabelledExamples, load_examples
from features.histories import load_histories
from features.holes import moments_of
from features.slices import PARTS, Slices, cut, group_of
from features.store import epoch_microseconds
from features.warehouse import Warehouse


@dataclass(frozen=True)
class Material:
    """The examples of some days, the slices of both groups for each of them, and which rows come before the split and
    which after it: int64 each."""

    examples: LabelledExamples
    goods: Slices
    shops: Slices
    before: np.ndarray
    after: np.ndarray


def load_material(
    warehouse: Warehouse, first_ds: date, split_ds: date, last_ds: date, config: SequenceConfig
) -> Material:
    """The examples from `first_ds` to `last_ds`, both included, split at the beginning of `split_ds`."""
    examples = load_examples(warehouse, first_ds, last_ds)
    histories = load_histories(warehouse, last_ds)
    moments = moments_of(histories, examples.user_keys, examples.as_of)
    goods, shops = (cut(group_of(warehouse, histories, part, getattr(config, part)), moments) for part in PARTS)
    is_before = examples.as_of < epoch_microseconds(warehouse.store.day_start(split_ds))
    return Material(examples, goods, shops, np.flatnonzero(is_before), np.flatnonzero(~is_before))
