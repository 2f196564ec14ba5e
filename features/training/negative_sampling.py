"""Positives -> negatives: goods a user might have taken and did not, drawn the same way every time."""

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl

from features.config import ExampleConfig

ROUNDS = 16  # of drawing again where a negative hit a positive; a user with most of the goods keeps fewer
COLUMNS = ["user_key", "goods_key", "shop_key", "as_of"]


def add_negatives(positives: pl.DataFrame, known: pl.DataFrame, config: ExampleConfig, ds: date) -> pl.DataFrame:
    """The positives, and for each some negatives among the known goods: never a goods the user took that day.

    Positives: user_key, goods_key, shop_key, as_of. Known: goods_key, shop_key, popularity, by goods_key.
    """
    if not len(positives) or not len(known):
        return label_and_concat(positives, positives.clear())
    weight = known["popularity"].to_numpy().astype(np.float64)
    share = np.cumsum(
        weight**config.popularity_exponent if config.negative_sampling == "popularity" else np.ones(len(known))
    )
    known_keys = known["goods_key"].to_numpy()

    def draw(chance: np.ndarray, _rows: np.ndarray) -> np.ndarray:
        return known_keys[np.searchsorted(share, chance * share[-1], side="right").clip(max=len(share) - 1)]

    drawn = sample_negatives(positives, positives, draw, config, ds)
    return label_and_concat(
        positives, drawn.join(known.select("goods_key", "shop_key"), on="goods_key", maintain_order="left")
    )


def add_candidates(positives: pl.DataFrame, candidates: pl.DataFrame, config: ExampleConfig, ds: date) -> pl.DataFrame:
    """What was taken of the user's own candidates of the night before, and for each some that were not taken.

    What was taken and was no candidate teaches nothing: beside negatives that all are candidates, it would teach that
    what looks like a candidate is not taken (docs/experiments.md, 2026-11-28). Candidates: user_key, goods_key,
    shop_key, by user_key and goods_key.
    """
    of_pair = ["user_key", "goods_key"]
    offered = positives.join(candidates.select(of_pair), on=of_pair, how="semi", maintain_order="left")
    if not len(offered):
        return label_and_concat(offered, offered)
    owners, first, count = np.unique(candidates["user_key"].to_numpy(), return_index=True, return_counts=True)
    keys = candidates["goods_key"].to_numpy()
    row = np.searchsorted(owners, np.repeat(offered["user_key"].to_numpy(), config.negatives_per_positive))

    def draw(chance: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return keys[first[row[rows]] + (chance * count[row[rows]]).astype(np.int64)]

    drawn = sample_negatives(offered, positives, draw, config, ds)
    shops = candidates.select("user_key", "goods_key", "shop_key")
    return label_and_concat(offered, drawn.join(shops, on=of_pair, maintain_order="left"))


def sample_negatives(
    positives: pl.DataFrame,
    taken: pl.DataFrame,
    draw: Callable[[np.ndarray, np.ndarray], np.ndarray],
    config: ExampleConfig,
    ds: date,
) -> pl.DataFrame:
    """`config.negatives` goods for each positive, drawn again where the user took it that day, as `taken` has it.
    Repeats fall together.

    `draw` turns chances in [0, 1) into goods for some rows. Every chance is a hash of (seed, day, user, goods, which
    negative, which round), so it depends on nothing else: not on the order of rows, the number of threads, or how users
    are cut into buckets.
    """
    user, goods, as_of = (
        np.repeat(positives[name].to_numpy(), config.negatives_per_positive)
        for name in ("user_key", "goods_key", "as_of")
    )
    which = np.tile(np.arange(config.negatives_per_positive), len(positives))
    of_day = np.unique(pack_keys(taken["user_key"].to_numpy(), taken["goods_key"].to_numpy()))
    drawn = np.zeros(len(user), np.int32)
    open_places = np.arange(len(user))
    for again in range(ROUNDS):
        chance = hash_uniform(
            config.seed, ds.toordinal(), user[open_places], goods[open_places], which[open_places], again
        )
        drawn[open_places] = draw(chance, open_places)
        open_places = open_places[np.isin(pack_keys(user[open_places], drawn[open_places]), of_day)]
        if not len(open_places):
            break
    keep = np.ones(len(user), bool)
    keep[open_places] = False
    frame = pl.DataFrame({"user_key": user[keep], "goods_key": drawn[keep], "as_of": as_of[keep]})
    return frame.unique(maintain_order=True)


def label_and_concat(positives: pl.DataFrame, negatives: pl.DataFrame) -> pl.DataFrame:
    """Both with their labels, by user, moment and goods."""
    labelled = [
        rows.select(*COLUMNS, pl.lit(label, pl.Int8).alias("label")) for rows, label in ((positives, 1), (negatives, 0))
    ]
    return pl.concat(labelled, how="vertical_relaxed").sort("user_key", "as_of", "goods_key", "label")


def pack_keys(user_keys: np.ndarray, goods_keys: np.ndarray) -> np.ndarray:
    """One number for a user and a goods. int64"""
    return user_keys.astype(np.int64) << 32 | goods_keys.astype(np.int64)


def hash_uniform(*parts: int | np.ndarray) -> np.ndarray:
    """Numbers in [0, 1) that only depend on the parts: the finalizer of SplitMix64 (Steele, Lea, Flood 2014) over
    each in turn."""
    mixed = np.zeros(np.broadcast_shapes(*(np.shape(part) for part in parts)), np.uint64)
    with np.errstate(over="ignore"):
        for part in parts:
            mixed = mixed + np.asarray(part).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mixed = mixed ^ (mixed >> np.uint64(31))
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
