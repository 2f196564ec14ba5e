"""A published night, a user and a goods -> what the model saw of them, by keys again, from the release alone.

The schema `inside` of the release has the keys (features/publish/model_keys.py), for the nights whose sequences are
published.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl

from features.publish.reader import Reader
from features.rankings.rankings import RankingBucket
from features.sequences.history_slices import GROUPS, HistorySlices, SequenceGroup
from features.store.store import epoch_microseconds


@dataclass(frozen=True)
class HistoryEvent:
    """One event of a sequence: the goods or shop as the source names it, its name, its key, and when."""

    history_id: Any
    name: str | None
    key: int
    event_ts: datetime


@dataclass(frozen=True)
class ExplainInputs:
    """One user and one goods as a candidate, and the model that ranked the night.

    `night` is what `load_bucket` gives for many; `touched` has the events of both sequences, oldest first; `shop_id` is
    the shop of the goods that night, or where nobody had touched it by then (`known` is False), the catalogue's;
    `categories` is what the night told its model of these goods, int64 by goods key, 0 for those it told nothing of."""

    model_id: str
    shop_id: Any
    known: bool
    night: RankingBucket
    touched: dict[SequenceGroup, list[HistoryEvent]]
    categories: np.ndarray


def explain_error(reader: Reader, night: date) -> str | None:
    """Why the release does not have what the night was ranked from; None where it has."""
    if not reader.show("has_inside").rows:
        return "the published file is of an earlier version, which did not keep the keys; the next night's does"
    if not reader.show("recalled_night", night=night).rows:
        return f"the published file has the sequences of the last nights (publish.sequence_nights), not of {night}"
    return None


def load_explain_inputs(reader: Reader, night: date, who: Any, what: Any) -> ExplainInputs:
    """What the night had of a user it ranked, for any goods of the store. `explain_error` says where it cannot."""
    found = reader.show("candidate_keys", night=night, who=who, what=what)
    [(user_key, goods_key, shop_key, shop_id, known, as_of, model_id)] = found.rows
    touched: dict[SequenceGroup, list[HistoryEvent]] = {
        part: [HistoryEvent(*row) for row in reader.show(f"{part}_sequence", night=night, who=who).rows]
        for part in GROUPS
    }
    bucket = RankingBucket(
        np.array([user_key]),
        np.array([0, 1]),
        np.array([goods_key], np.int32),
        np.array([shop_key], np.int32),
        pl.Series("sources", [[]], dtype=pl.List(pl.String)),
        to_history_slices(touched["goods"]),
        to_history_slices(touched["shop"]),
        epoch_microseconds(as_of),
    )
    goods_keys = sorted({goods_key, *(one.key for one in touched["goods"])})
    return ExplainInputs(model_id, shop_id, known, bucket, touched, published_categories(reader, night, goods_keys))


def to_history_slices(touched: list[HistoryEvent]) -> HistorySlices:
    """The one sequence of one user."""
    keys = np.array([one.key for one in touched], np.int32)
    ts = np.array([epoch_microseconds(one.event_ts) for one in touched], np.int64)
    return HistorySlices(keys, ts, np.array([0]), np.array([len(touched)]))


def published_categories(reader: Reader, night: date, goods_keys: list[int]) -> np.ndarray:
    """The category of each of these goods as the night told its model, int64 by goods key up to the last it told of."""
    found = reader.show("categories_told", night=night, goods_keys=goods_keys)
    told = np.array(found.rows, np.int64).reshape(-1, 2)
    category_of = np.zeros(told[:, 0].max() + 1 if len(told) else 0, np.int64)
    category_of[told[:, 0]] = told[:, 1]
    return category_of
