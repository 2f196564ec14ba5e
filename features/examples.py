"""Histories -> examples of a day: what each user took, and what they might have taken, seen from the night before."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from features import lake, statements
from features.config import ExampleConfig
from features.histories import Histories, histories_fingerprint
from features.store import epoch_microseconds
from features.warehouse import Warehouse

ROUNDS = 16  # of drawing again where a negative hit a positive; a user with most of the goods keeps fewer


@dataclass(frozen=True)
class LabelledExamples:
    """Examples of several days, X rows. `ends`: how many of the user's events its history holds, those strictly
    before `as_of` (microseconds since 1970 UTC), which is the start of the example's day."""

    user_keys: np.ndarray
    ends: np.ndarray
    goods_keys: np.ndarray
    shop_keys: np.ndarray
    labels: np.ndarray
    as_of: np.ndarray


def build_examples(warehouse: Warehouse, ds: date, histories: Histories, config: ExampleConfig) -> int:
    """Writes the examples of one day, with histories as of the end of the day before, as a nightly ranking has them.

    The relation `histories` must be in view and reach `ds`. Returns the number of examples.
    """
    store, asset = warehouse.store, "examples"
    fingerprint = statements.fingerprint(
        histories_fingerprint(warehouse, ds),
        config,
        statements.read("transforms/positives"),
        statements.read("transforms/goods_known"),
    )
    if not warehouse.is_current(asset, ds, fingerprint):
        start, end = store.day_start(ds), store.day_end(ds)
        with warehouse.building(asset, ds, fingerprint) as made:
            warehouse.con.execute(
                "create or replace temp table known_goods as from goods_known_at($start, $popular_days)",
                {"start": start, "popular_days": config.popular_days},
            )
            statements.run(warehouse.con, "transforms/positives")
            positives = warehouse.con.execute(
                "from positives_in($start, $end, $types)",
                {"start": start, "end": end, "types": list(config.positive_types)},
            ).to_arrow_table()
            known = warehouse.con.execute("from known_goods where popularity > 0 order by goods_key").to_arrow_table()
            frame = with_negatives(pl.DataFrame(positives), pl.DataFrame(known), config, ds)
            ends = histories.ends_at(start)[frame["user_key"].to_numpy()]
            made.files.append(lake.write(store, frame.with_columns(pl.Series("end", ends)), asset, ds))
            made.rows = len(frame)
    return sum(file.rows for file in warehouse.files(asset, ds, ds))


def with_negatives(positives: pl.DataFrame, known: pl.DataFrame, config: ExampleConfig, ds: date) -> pl.DataFrame:
    """The positives and, after each, negatives drawn by popularity: goods the user did not take that day.

    Every draw is a hash of (seed, day, user, goods, which negative, which round), so it depends on nothing else:
    not on the order of rows, the number of threads, or how users are cut into buckets.
    """
    columns = ["user_key", "goods_key", "shop_key"]
    labelled = positives.select(*columns, pl.lit(1, pl.Int8).alias("label"))
    if not len(positives) or not len(known):
        return labelled
    user, goods = (np.repeat(positives[name].to_numpy(), config.negatives) for name in ("user_key", "goods_key"))
    which = np.tile(np.arange(config.negatives), len(positives))
    taken = pair(positives["user_key"].to_numpy(), positives["goods_key"].to_numpy())
    known_keys = known["goods_key"].to_numpy()
    share = np.cumsum(known["popularity"].to_numpy().astype(np.float64) ** config.popularity_power)
    drawn = np.zeros(len(user), np.int32)
    open_places = np.arange(len(user))
    for again in range(ROUNDS):
        chance = uniform(config.seed, ds.toordinal(), user[open_places], goods[open_places], which[open_places], again)
        place = np.searchsorted(share, chance * share[-1], side="right").clip(max=len(share) - 1)
        drawn[open_places] = known_keys[place]
        open_places = open_places[np.isin(pair(user[open_places], drawn[open_places]), taken)]
        if not len(open_places):
            break
    keep = np.ones(len(user), bool)
    keep[open_places] = False
    negatives = (
        pl.DataFrame({"user_key": user[keep], "goods_key": drawn[keep]})
        .unique(maintain_order=True)
        .join(known.select("goods_key", "shop_key"), on="goods_key", maintain_order="left")
        .select(*columns, pl.lit(0, pl.Int8).alias("label"))
    )
    return pl.concat([labelled, negatives], how="vertical_relaxed").sort("user_key", "goods_key")


def pair(user_keys: np.ndarray, goods_keys: np.ndarray) -> np.ndarray:
    """One number for a user and a goods. int64"""
    return user_keys.astype(np.int64) << 32 | goods_keys.astype(np.int64)


def uniform(*parts: int | np.ndarray) -> np.ndarray:
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


def load_examples(warehouse: Warehouse, first_ds: date, last_ds: date) -> LabelledExamples:
    """The examples of some days, both included, in the order of days, users and goods."""
    frames = [
        pl.read_parquet(lake.verified(warehouse.store, file)).with_columns(
            pl.lit(epoch_microseconds(warehouse.store.day_start(file.ds)), pl.Int64).alias("as_of")
        )
        for file in warehouse.files("examples", first_ds, last_ds)
    ]
    if not frames:
        empty = np.zeros(0, np.int64)
        return LabelledExamples(empty, empty, empty, empty, empty, empty)
    frame = pl.concat(frames)
    names = ("user_key", "end", "goods_key", "shop_key", "label", "as_of")
    return LabelledExamples(*(frame[name].to_numpy() for name in names))


def days_back(ds: date, days: int) -> list[date]:
    """The `days` days that end with `ds`, oldest first."""
    return [ds - timedelta(days=back) for back in reversed(range(days))]
