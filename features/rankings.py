"""Ranked candidates -> the warehouse, with why; and the ranking of the night before against what people then did."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from features import database, lake, statements
from features.candidates import candidates_fingerprint
from features.config import CandidateConfig, ExampleConfig, SequenceConfig
from features.events import files_of_day, view_events
from features.fingerprints import Fingerprint, made_of, texts
from features.histories import events_seen
from features.sequences import load_sequences, sequences_fingerprint
from features.slices import PARTS
from features.store import epoch_microseconds
from features.warehouse import Building, Warehouse

CODE = 2  # raise it where a change here, or in how the model ranks, changes a ranking
CUTOFFS = (5, 10, 20, 50, 100)


def ranking_fingerprint(
    warehouse: Warehouse,
    ds: date,
    model_id: str | None,
    sequences: SequenceConfig,
    candidates: CandidateConfig,
    ranking: object,
) -> Fingerprint:
    """What a ranking is made of: the events seen, its sequences, its candidates, its model, its settings."""
    parts = {
        "sequences": [sequences_fingerprint(warehouse, ds, part, sequences).shape for part in PARTS],
        "candidates": candidates_fingerprint(warehouse, ds, candidates).shape,
        "model": model_id,
        "settings.ranking": ranking,
        "code": CODE,
    }
    return made_of(events_seen(warehouse, ds) | parts)


def outcomes_fingerprint(warehouse: Warehouse, ds: date, config: ExampleConfig) -> Fingerprint:
    """What outcomes are made of: the events seen, the run that ranked the night before, what counts as taken, SQL."""
    parts = {
        "rankings": warehouse.run_of("rankings", ds - timedelta(days=1)),
        "settings.store": warehouse.store.config.timezone,
        "settings.examples": config.positive_types,
        "sql": texts("transforms/outcomes", "transforms/positives", "transforms/goods_known"),
        "code": (CODE, CUTOFFS),
    }
    return made_of(events_seen(warehouse, ds) | parts)


@dataclass(frozen=True)
class SequenceArrays:
    """A sequence of each of U users, end to end: keys int32 [E], ts int64 [E] in microseconds since 1970 UTC, oldest
    first; that of user i is `[start[i], end[i])`, empty where the user has none. int64 [U] each."""

    keys: np.ndarray
    ts: np.ndarray
    start: np.ndarray
    end: np.ndarray


@dataclass(frozen=True)
class NightBucket:
    """What one bucket of users brings to the model: U users, their C candidates end to end (those of user i are
    `[offsets[i], offsets[i + 1])`), and their sequences. `as_of`, the end of the day, is in
    microseconds since 1970 UTC."""

    user_keys: np.ndarray
    offsets: np.ndarray
    goods_keys: np.ndarray
    shop_keys: np.ndarray
    sources: pl.Series
    goods: SequenceArrays
    shops: SequenceArrays
    as_of: int


def load_bucket(warehouse: Warehouse, ds: date, bucket: int) -> NightBucket:
    """Reads the candidates and the sequences of one bucket."""
    [file] = [file for file in warehouse.files("candidates", ds, ds) if file.bucket == bucket]
    candidates = lake.read(warehouse.store, file).sort("user_key", "goods_key")
    user_keys, counts = np.unique(candidates["user_key"].to_numpy(), return_counts=True)
    return NightBucket(
        user_keys,
        np.r_[0, np.cumsum(counts)],
        candidates["goods_key"].to_numpy(),
        candidates["shop_key"].to_numpy(),
        candidates["sources"],
        align(load_sequences(warehouse, ds, "goods", bucket), "goods_keys", user_keys),
        align(load_sequences(warehouse, ds, "shop", bucket), "shop_keys", user_keys),
        epoch_microseconds(warehouse.store.day_end(ds)),
    )


def align(sequences: pl.DataFrame, column: str, user_keys: np.ndarray) -> SequenceArrays:
    """The sequences of these users, which are sorted, as arrays."""
    having = sequences
    ends = np.r_[0, np.cumsum(having[column].list.len().to_numpy().astype(np.int64))]
    row = np.searchsorted(having["user_key"].to_numpy(), user_keys)
    has = np.isin(user_keys, having["user_key"].to_numpy())
    start = np.where(has, ends[np.minimum(row, len(ends) - 1)], 0)
    end = np.where(has, ends[np.minimum(row + 1, len(ends) - 1)], 0)
    keys = having[column].explode(empty_as_null=False).to_numpy()
    ts = having["event_ts"].explode(empty_as_null=False).dt.epoch("us").to_numpy()
    return SequenceArrays(keys, ts, start, end)


@dataclass(frozen=True)
class RankingWriter:
    """Takes the ranked candidates of each bucket as they come, into the open transaction."""

    warehouse: Warehouse
    made: Building
    ds: date
    model_id: str

    def add(self, night: NightBucket, ranked: dict[str, np.ndarray], weights: dict[str, np.ndarray]) -> None:
        """`ranked`: user_keys, rank, candidate (place in the bucket), score. `weights`: user_keys, candidate, part,
        history_keys, ts, weight, share. Arrays of one length each."""
        place = ranked["candidate"]
        rankings = pl.DataFrame(
            {
                "user_key": ranked["user_keys"],
                "rank": ranked["rank"],
                "goods_key": night.goods_keys[place],
                "shop_key": night.shop_keys[place],
                "score": ranked["score"].astype(np.float64),
                "sources": night.sources.gather(place),
            }
        )
        why = pl.DataFrame(
            {
                "user_key": weights["user_keys"],
                "goods_key": night.goods_keys[weights["candidate"]],
                "part": pl.Series(weights["part"].tolist(), dtype=pl.String),
                "history_key": weights["history_keys"],
                "event_ts": weights["ts"].astype("datetime64[us]"),
                "weight": weights["weight"].astype(np.float64),
                "share": weights["share"].astype(np.float64),
            }
        )
        run_id = self.warehouse.run_id
        stamp = [pl.lit(self.ds).alias("ds"), pl.lit(self.model_id).alias("model_id"), pl.lit(run_id).alias("run_id")]
        self.warehouse.append("serving.rankings", rankings.with_columns(stamp))
        self.warehouse.append("serving.why", why.with_columns(stamp[0]))
        self.made.rows += len(rankings)


@contextmanager
def writing_rankings(
    warehouse: Warehouse, ds: date, model_id: str, fingerprint: Fingerprint
) -> Iterator[RankingWriter]:
    """Replaces the rankings and why of a day, in one transaction with the ledger row."""
    with warehouse.building("rankings", ds, fingerprint) as made:
        warehouse.clear_day("rankings", ds)
        warehouse.clear_day("why", ds)
        yield RankingWriter(warehouse, made, ds, model_id)


def build_outcomes(warehouse: Warehouse, ds: date, config: ExampleConfig) -> int:
    """Holds the ranking of the night before `ds` against the positives of `ds`. Returns how many users count.

    Nothing is written where no ranking was published the night before.
    """
    before, asset = ds - timedelta(days=1), "outcomes"
    ranked = warehouse.run("ledger/ranking_of", ds=before)
    if not ranked:
        return 0
    [(model_id, longest)] = ranked
    fingerprint = outcomes_fingerprint(warehouse, ds, config)
    if not warehouse.is_current(asset, ds, fingerprint):
        store, con = warehouse.store, warehouse.con
        view_events(warehouse, files_of_day(warehouse, ds, ds), "day_events")
        goods = [lake.verified(store, file) for file in warehouse.files("night_goods", before, before)]
        database.view_of_files(con, "night_goods", goods, "goods_key integer, shop_key integer")
        con.execute("create or replace temp table known_goods as from night_goods")
        statements.run(con, "transforms/positives")
        con.execute(
            "create or replace temp table night_rankings as"
            " select user_key, goods_key, rank from serving.rankings where ds = $ds",
            {"ds": before},
        )
        statements.run(con, "transforms/outcomes")
        cutoffs = sorted({k for k in CUTOFFS if k < longest} | {longest})
        values = {
            "cutoffs": cutoffs,
            "start": store.day_start(ds),
            "end": store.day_end(ds),
            "types": list(config.positive_types),
        }
        with warehouse.building(asset, ds, fingerprint) as made:
            found = con.execute("from outcomes_at($cutoffs, $start, $end, $types)", values).to_arrow_table()
            frame = pl.DataFrame(found).with_columns(pl.lit(ds).alias("ds"), pl.lit(model_id).alias("model_id"))
            warehouse.clear_day("outcomes", ds)
            warehouse.append("serving.outcomes", frame)
            made.rows = len(frame)
    [(users,)] = warehouse.con.execute("select max(users) from serving.outcomes where ds = $ds", {"ds": ds}).fetchall()
    return users or 0
