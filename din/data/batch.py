"""Histories and examples -> batches: slices by end position, nothing padded, nothing copied until a batch is cut."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from din.errors import DinError

MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class EventSequence:
    """Keys and times of one group, goods or shops, all users end to end, oldest first within a user.

    keys: int32 [E]; ts: int64 [E], microseconds since 1970 UTC.
    """

    keys: np.ndarray
    ts: np.ndarray


@dataclass(frozen=True)
class Spans:
    """Which slice `[start, end)` of a Sequence each example may see. int64 [X] each."""

    start: np.ndarray
    end: np.ndarray

    def newest(self, length: int) -> "Spans":
        return Spans(np.maximum(self.start, self.end - length), self.end)

    def row(self, i: int) -> "Spans":
        return Spans(self.start[i : i + 1], self.end[i : i + 1])


@dataclass(frozen=True)
class Examples:
    """One row per (user, candidate). Arrays of length X; `as_of` in microseconds since 1970 UTC; label 0 or 1."""

    user_keys: np.ndarray
    goods_keys: np.ndarray
    shop_keys: np.ndarray
    labels: np.ndarray
    as_of: np.ndarray
    goods_spans: Spans
    shop_spans: Spans

    def __post_init__(self) -> None:
        lengths = {
            "user_keys": len(self.user_keys),
            "goods_keys": len(self.goods_keys),
            "shop_keys": len(self.shop_keys),
            "labels": len(self.labels),
            "as_of": len(self.as_of),
            "goods_spans": len(self.goods_spans.end),
            "shop_spans": len(self.shop_spans.end),
        }
        if len(set(lengths.values())) != 1:
            raise DinError(f"examples: every column needs the same length, got {lengths}")

    def __len__(self) -> int:
        return len(self.labels)


class JaggedHistory(NamedTuple):
    """The history of B examples, end to end: keys, which example each belongs to, and its age in days. Where
    `categories_N` does not say the category of each goods, the model does; where `times_N` does not say how many events
    a position stands for, it is one."""

    keys_N: torch.Tensor
    example_N: torch.Tensor
    age_N: torch.Tensor
    categories_N: torch.Tensor | None = None
    times_N: torch.Tensor | None = None


class Batch(NamedTuple):
    """What the model sees: B candidates, each with its goods history, its shop history and its user. Where `category_B`
    does not say the category of each goods, or `step_B2` its steps (din/model/repeat_features.py), the model does."""

    goods_B: torch.Tensor
    shop_B: torch.Tensor
    goods_history: JaggedHistory
    shop_history: JaggedHistory
    user_B: torch.Tensor
    category_B: torch.Tensor | None = None
    step_B2: torch.Tensor | None = None
