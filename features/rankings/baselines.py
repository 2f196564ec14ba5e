"""Candidates of a night -> baseline rankings by popularity and by past purchases, to compare a model with.

Both use only what the night knew.
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
    """Hold parallel arrays with one entry per ranked candidate: user, rank, place in the bucket."""

    user_keys: np.ndarray
    rank: np.ndarray
    candidate: np.ndarray


def popularity(warehouse: Warehouse, ds: date, goods_keys: np.ndarray) -> np.ndarray:
    """Return the popularity of each item on `ds`, as night_goods counts it.

    It is the number of users who touched the item. int64 [C]
    """
    files = warehouse.files("night_goods", ds, ds)
    if not files:
        raise FeatureError(f"the goods of {ds} are not in the store")
    goods = lake.read(warehouse.store, files[0], lambda rows: rows.select("goods_key", "popularity"))
    known = np.zeros(max(int(goods_keys.max(initial=0)), int(goods["goods_key"].max() or 0)) + 1, np.int64)  # type: ignore[arg-type]
    known[goods["goods_key"].to_numpy()] = goods["popularity"].to_numpy()
    return known[goods_keys]


def purchase_recency(bucket: RankingBucket, histories: Histories, type_keys: list[int] | None) -> np.ndarray:
    """Return how often and how recently each candidate's user took it.

    An event at the end of the day weighs one, and half as much for every 30 days of age. Only events of `type_keys`
    count; None means all types. A return does not count. float64 [C]
    """
    counts = (histories.goods_keys > 0) & (histories.event_ts < bucket.as_of)
    if histories.is_return is not None:
        counts &= ~histories.is_return
    if type_keys is not None:
        counts &= np.isin(histories.type_keys, type_keys)
    pairs, pair = np.unique(pack_keys(histories.user_keys[counts], histories.goods_keys[counts]), return_inverse=True)
    weight = np.exp2((histories.event_ts[counts] - bucket.as_of) / HALF_LIFE)
    strength = np.r_[np.bincount(pair, weight, len(pairs)), 0]
    candidates = pack_keys(np.repeat(bucket.user_keys, np.diff(bucket.offsets)), bucket.goods_keys)
    place = np.searchsorted(pairs, candidates)
    found = np.r_[pairs, -1][place] == candidates
    return np.where(found, strength[place], 0.0)


def pack_keys(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one.astype(np.int64) << KEY_BITS) | other


def top_k(bucket: RankingBucket, strengths: tuple[np.ndarray, ...], k: int, per_shop: int) -> BaselineRanking:
    """Rank the k strongest candidates of each user, at most `per_shop` of one shop.

    The first strength decides, a tie the next one, and at last the smaller goods key. `per_shop` 0 means any number;
    shop key 0 is no shop.
    """
    owner = np.repeat(np.arange(len(bucket.user_keys)), np.diff(bucket.offsets))
    order = np.lexsort((bucket.goods_keys, *(-strength for strength in reversed(strengths)), owner))
    if per_shop:
        shop = bucket.shop_keys[order]
        order = order[(shop == 0) | (cumulative_count(pack_keys(owner[order], shop)) < per_shop)]
    rank = cumulative_count(owner[order]) + 1
    order, rank = order[rank <= k], rank[rank <= k]
    return BaselineRanking(bucket.user_keys[owner[order]], rank, order)


def cumulative_count(values: np.ndarray) -> np.ndarray:
    """Count the earlier occurrences of each value. int64 [N]."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(values) else np.zeros(0, np.int64)
    run = np.repeat(first, np.diff(np.r_[first, len(values)]))
    counts = np.empty(len(values), np.int64)
    counts[order] = np.arange(len(values)) - run
    return counts
