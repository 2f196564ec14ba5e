"""Positives -> negatives: items a user could have taken and did not, sampled reproducibly."""

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl

from features.config import ExampleConfig

ROUNDS = 16  # of sampling again if a negative hits a positive; a user with most of the items gets fewer
COLUMNS = ["user_key", "goods_key", "shop_key", "as_of"]


def add_negatives(positives: pl.DataFrame, known: pl.DataFrame, config: ExampleConfig, ds: date) -> pl.DataFrame:
    """Return the positives, and for each some negatives among the known items.

    A negative is never an item that the user took that day. Positives: user_key, goods_key, shop_key, as_of. Known:
    goods_key, shop_key, popularity, ordered by goods_key.
    """
    if not len(positives) or not len(known):
        return label_and_concat(positives, positives.clear())
    weight = known["popularity"].to_numpy().astype(np.float64)
    share = np.cumsum(
        weight**config.popularity_exponent if config.negative_sampling == "popularity" else np.ones(len(known))
    )
    known_keys = known["goods_key"].to_numpy()

    def draw(uniform: np.ndarray, _rows: np.ndarray) -> np.ndarray:
        return known_keys[np.searchsorted(share, uniform * share[-1], side="right").clip(max=len(share) - 1)]

    drawn = sample_negatives(positives, positives, draw, config, ds)
    return label_and_concat(
        positives, drawn.join(known.select("goods_key", "shop_key"), on="goods_key", maintain_order="left")
    )


def add_candidates(positives: pl.DataFrame, candidates: pl.DataFrame, config: ExampleConfig, ds: date) -> pl.DataFrame:
    """Return the positives that were candidates, with other candidates as negatives.

    Candidates are the user's own of the night before. A positive that was no candidate is dropped. All negatives are
    candidates, so the model would learn from it that what looks like a candidate is not taken (docs/experiments.md,
    2026-11-28). Candidates: user_key, goods_key, shop_key, ordered by user_key and goods_key.
    """
    pair = ["user_key", "goods_key"]
    offered = positives.join(candidates.select(pair), on=pair, how="semi", maintain_order="left")
    if not len(offered):
        return label_and_concat(offered, offered)
    owners, first, count = np.unique(candidates["user_key"].to_numpy(), return_index=True, return_counts=True)
    keys = candidates["goods_key"].to_numpy()
    row = np.searchsorted(owners, np.repeat(offered["user_key"].to_numpy(), config.negatives_per_positive))

    def draw(uniform: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return keys[first[row[rows]] + (uniform * count[row[rows]]).astype(np.int64)]

    drawn = sample_negatives(offered, positives, draw, config, ds)
    shops = candidates.select("user_key", "goods_key", "shop_key")
    return label_and_concat(offered, drawn.join(shops, on=pair, maintain_order="left"))


def sample_negatives(
    positives: pl.DataFrame,
    taken: pl.DataFrame,
    draw: Callable[[np.ndarray, np.ndarray], np.ndarray],
    config: ExampleConfig,
    ds: date,
) -> pl.DataFrame:
    """Sample `config.negatives_per_positive` items for each positive, without those in `taken` of that user and day.

    An item in `taken` is sampled again, for at most ROUNDS rounds. Duplicates are removed. `draw` maps uniform numbers
    in [0, 1) to items for some rows. Each number is a hash of (seed, day, user, item, number of the negative, round).
    So it depends on nothing else: not on the order of rows, the number of threads or the buckets of users.
    """
    user, goods, as_of = (
        np.repeat(positives[name].to_numpy(), config.negatives_per_positive)
        for name in ("user_key", "goods_key", "as_of")
    )
    number = np.tile(np.arange(config.negatives_per_positive), len(positives))
    taken_pairs = np.unique(pack_keys(taken["user_key"].to_numpy(), taken["goods_key"].to_numpy()))
    drawn = np.zeros(len(user), np.int32)
    open_places = np.arange(len(user))
    for round_number in range(ROUNDS):
        uniform = hash_uniform(
            config.seed, ds.toordinal(), user[open_places], goods[open_places], number[open_places], round_number
        )
        drawn[open_places] = draw(uniform, open_places)
        open_places = open_places[np.isin(pack_keys(user[open_places], drawn[open_places]), taken_pairs)]
        if not len(open_places):
            break
    keep = np.ones(len(user), bool)
    keep[open_places] = False
    frame = pl.DataFrame({"user_key": user[keep], "goods_key": drawn[keep], "as_of": as_of[keep]})
    return frame.unique(maintain_order=True)


def label_and_concat(positives: pl.DataFrame, negatives: pl.DataFrame) -> pl.DataFrame:
    """Return both with their labels, ordered by user, moment and item."""
    labelled = [
        rows.select(*COLUMNS, pl.lit(label, pl.Int8).alias("label")) for rows, label in ((positives, 1), (negatives, 0))
    ]
    return pl.concat(labelled, how="vertical_relaxed").sort("user_key", "as_of", "goods_key", "label")


def pack_keys(user_keys: np.ndarray, goods_keys: np.ndarray) -> np.ndarray:
    """Pack the keys of a user and an item into one number. int64."""
    return user_keys.astype(np.int64) << 32 | goods_keys.astype(np.int64)


def hash_uniform(*parts: int | np.ndarray) -> np.ndarray:
    """Hash the parts to uniform numbers in [0, 1).

    Applies the finalizer of SplitMix64 (Steele, Lea, Flood 2014) to each part in turn.
    """
    mixed = np.zeros(np.broadcast_shapes(*(np.shape(part) for part in parts)), np.uint64)
    with np.errstate(over="ignore"):
        for part in parts:
            mixed = mixed + np.asarray(part).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mixed = mixed ^ (mixed >> np.uint64(31))
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
