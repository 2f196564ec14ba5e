"""Candidates of a night -> ordered by what is popular, or by what the user bought before: what a model is held against.

Both know what the night knew, and no more.
"""

from datetime import date
from typing import NamedTuple

import numpy as np

from features.errors import FeatureError
from features.rankings.rankings import RankingBucket
from features.sequences.histories import Histories
from features.store import lake
from features.store.warehouse import Warehouse

HALF_LIFE = 30 * 86_400_000_000  # microseconds
KEY_BITS = 32


class BaselineRanking(NamedTuple):
    """Parallel arrays, an entry for each ranked candidate: who, at what rank, and its place in the bucket."""

    user_keys: np.ndarray
    rank: np.ndarray
    candidate: np.ndarray


def popularity(warehouse: Warehouse, ds: date, goods_keys: np.ndarray) -> np.ndarray:
    """How many users touched each goods in the days before the end of `ds`, as night_goods has it. [C]"""
    files = warehouse.files("night_goods", ds, ds)
    if not files:
        raise FeatureError(f"the goods of {ds} are not in the store")
    goods = lake.read(warehouse.store, files[0], lambda rows: rows.select("goods_key", "popularity"))
    known = np.zeros(max(int(goods_keys.max(initial=0)), int(goods["goods_key"].max() or 0)) + 1, np.int64)  # type: ignore[arg-type]
    known[goods["goods_key"].to_numpy()] = goods["popularity"].to_numpy()
    return known[goods_keys]


def purchase_recency(night: RankingBucket, histories: Histories, type_keys: list[int] | None) -> np.ndarray:
    """How often and how lately each candidate's user touched it: a touch at the end of the day counts one, and half as
    much for every 30 days of age. Of these event types; `type_keys` None: of all. A return counts nothing. [C]"""
    counts = (histories.goods_keys > 0) & (histories.event_ts < night.as_of)
    if histories.is_return is not None:
        counts &= ~histories.is_return
    if type_keys is not None:
        counts &= np.isin(histories.type_keys, type_keys)
    pairs, pair = np.unique(pack_keys(histories.user_keys[counts], histories.goods_keys[counts]), return_inverse=True)
    weight = np.exp2((histories.event_ts[counts] - night.as_of) / HALF_LIFE)
    strength = np.r_[np.bincount(pair, weight, len(pairs)), 0]
    wanted = pack_keys(np.repeat(night.user_keys, np.diff(night.offsets)), night.goods_keys)
    place = np.searchsorted(pairs, wanted)
    found = np.r_[pairs, -1][place] == wanted
    return np.where(found, strength[place], 0.0)


def pack_keys(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one.astype(np.int64) << KEY_BITS) | other


def top_k(night: RankingBucket, strengths: tuple[np.ndarray, ...], k: int, per_shop: int) -> BaselineRanking:
    """The k strongest candidates of each user by the first of the strengths, a tie by the next, and at last to the
    smaller goods key; at most `per_shop` of one shop, where 0 means any number and shop key 0 is no shop."""
    owner = np.repeat(np.arange(len(night.user_keys)), np.diff(night.offsets))
    order = np.lexsort((night.goods_keys, *(-strength for strength in reversed(strengths)), owner))
    if per_shop:
        shop = night.shop_keys[order]
        order = order[(shop == 0) | (cumulative_count(pack_keys(owner[order], shop)) < per_shop)]
    rank = cumulative_count(owner[order]) + 1
    order, rank = order[rank <= k], rank[rank <= k]
    return BaselineRanking(night.user_keys[owner[order]], rank, order)


def cumulative_count(values: np.ndarray) -> np.ndarray:
    """How often each value stands before its place. [N]"""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(values) else np.zeros(0, np.int64)
    run = np.repeat(first, np.diff(np.r_[first, len(values)]))
    times = np.empty(len(values), np.int64)
    times[order] = np.arange(len(values)) - run
    return times
