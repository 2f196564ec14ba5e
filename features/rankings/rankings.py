"""Candidates and sequences of a night -> arrays for the model; what it ranked -> the warehouse, with why."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from features.candidates.candidates import candidates_fingerprint
from features.config import CandidateConfig, SequenceConfig
from features.errors import FeatureError
from features.sequences.histories import events_seen
from features.sequences.history_slices import GROUPS, SequenceGroup
from features.sequences.sequences import load_sequences, sequences_fingerprint
from features.store import lake
from features.store.fingerprints import OF_EVENTS, Fingerprint, fingerprint
from features.store.store import epoch_microseconds
from features.store.warehouse import AssetBuild, Warehouse

CATEGORIES_ASSET = "told_categories"  # a file of a night
CODE = 2  # raise it where a change here, or in how the model ranks, changes a ranking


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
        "sequences": [sequences_fingerprint(warehouse, ds, part, sequences).shape for part in GROUPS],
        "candidates": candidates_fingerprint(warehouse, ds, candidates).shape,
        "model": model_id,
        "settings.ranking": ranking,
        "code": CODE,
    }
    return fingerprint(events_seen(warehouse, ds) | parts)


def inputs_changed_since(warehouse: Warehouse, ds: date) -> str | None:
    """Which of what a night was ranked from the store has no longer as it was then, in words; None where it has all."""
    ranked = parts_of(warehouse, "rankings", ds)
    sequences = [parts_of(warehouse, f"{part}_sequences", ds) for part in GROUPS]
    candidates = parts_of(warehouse, "candidates", ds)
    shapes = {"sequences": [Fingerprint(own).shape for own in sequences], "candidates": Fingerprint(candidates).shape}
    changed = [name for name, own in fingerprint(shapes).parts.items() if own != ranked.get(name)]
    for name, own in (("candidates", [candidates]), ("sequences", sequences)):
        if any(parts.get(seen) != ranked.get(seen) for parts in own for seen in OF_EVENTS):
            changed.append(name)
    return f"the {' and '.join(sorted(set(changed)))} of {ds} were built anew since it was ranked" if changed else None


def parts_of(warehouse: Warehouse, asset: str, ds: date) -> dict[str, str]:
    return warehouse.one("ledger/parts_of", asset=asset, ds=ds) or {}


@dataclass(frozen=True)
class SequenceArrays:
    """A sequence of each of U users, end to end: keys int32 [E], ts int64 [E] in microseconds since 1970 UTC, oldest
    first; that of user i is `[start[i], end[i])`, empty where the user has none. int64 [U] each."""

    keys: np.ndarray
    ts: np.ndarray
    start: np.ndarray
    end: np.ndarray


@dataclass(frozen=True)
class RankingBucket:
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


def load_bucket(warehouse: Warehouse, ds: date, bucket: int, users: np.ndarray | None = None) -> RankingBucket:
    """Reads the candidates and the sequences of one bucket: of these users, or of all."""
    [file] = [file for file in candidate_files(warehouse, ds) if file.bucket == bucket]
    candidates = lake.read(warehouse.store, file).sort("user_key", "goods_key")
    if users is not None:
        candidates = candidates.filter(np.isin(candidates["user_key"].to_numpy(), users))
    user_keys, counts = np.unique(candidates["user_key"].to_numpy(), return_counts=True)
    return RankingBucket(
        user_keys,
        np.r_[0, np.cumsum(counts)],
        candidates["goods_key"].to_numpy(),
        candidates["shop_key"].to_numpy(),
        candidates["sources"],
        align(warehouse, ds, "goods", bucket, user_keys),
        align(warehouse, ds, "shop", bucket, user_keys),
        epoch_microseconds(warehouse.store.day_end(ds)),
    )


def candidate_files(warehouse: Warehouse, ds: date) -> list[lake.LakeFile]:
    """The candidates of a night, a file a bucket. Raises FeatureError where the buckets are not those of the store."""
    files, buckets = warehouse.files("candidates", ds, ds), warehouse.store.config.buckets
    if [file.bucket for file in files] != list(range(buckets)):
        raise FeatureError(
            f"the candidates of {ds} are in {len(files)} buckets, and store.buckets is {buckets}; "
            f"build them with: {warehouse.store.command(f'backfill {ds} {ds} --mode all')}"
        )
    return files


def align(warehouse: Warehouse, ds: date, part: SequenceGroup, bucket: int, user_keys: np.ndarray) -> SequenceArrays:
    """The sequences of these users, which are sorted, as arrays."""
    having, column = load_sequences(warehouse, ds, part, bucket), f"{part}_keys"
    ends = np.r_[0, np.cumsum(having[column].list.len().to_numpy().astype(np.int64))]
    row = np.searchsorted(having["user_key"].to_numpy(), user_keys)
    has = np.isin(user_keys, having["user_key"].to_numpy())
    start = np.where(has, ends[np.minimum(row, len(ends) - 1)], 0)
    end = np.where(has, ends[np.minimum(row + 1, len(ends) - 1)], 0)
    keys = having[column].explode(empty_as_null=False).to_numpy()
    ts = having["event_ts"].explode(empty_as_null=False).dt.epoch("us").to_numpy()
    return SequenceArrays(keys, ts, start, end)


@dataclass
class ScoringStats:
    """What was scored, and what of it by the unknown row.

    `unknown_goods_rows` and `unknown_shop_rows` say which rows of the model's tables are as the unknown one, bool each;
    keys beyond them are unknown too.
    """

    unknown_goods_rows: np.ndarray
    unknown_shop_rows: np.ndarray
    candidates: int = 0
    unknown_rows: int = 0
    unknown_goods: set[int] = field(default_factory=set)
    unknown_shops: set[int] = field(default_factory=set)

    def count(self, night: RankingBucket, ranked: np.ndarray) -> None:
        """Counts the candidates of a bucket, and the places among them that were ranked."""
        new_goods = is_unknown(night.goods_keys, self.unknown_goods_rows)
        new_shops = is_unknown(night.shop_keys, self.unknown_shop_rows)
        self.candidates += len(night.goods_keys)
        self.unknown_rows += int((new_goods | new_shops)[ranked].sum())
        self.unknown_goods |= set(np.unique(night.goods_keys[new_goods]).tolist())
        self.unknown_shops |= set(np.unique(night.shop_keys[new_shops]).tolist())

    @property
    def counts(self) -> dict[str, int]:
        return {
            "candidates": self.candidates,
            "unknown_goods": len(self.unknown_goods),
            "unknown_shops": len(self.unknown_shops),
            "unknown_rows": self.unknown_rows,
        }


def is_unknown(keys: np.ndarray, unknown_rows: np.ndarray) -> np.ndarray:
    """Return whether each key is scored by the unknown row. bool [N]"""
    beyond = keys >= len(unknown_rows)
    return beyond | unknown_rows[np.where(beyond, 0, keys)]


@dataclass(frozen=True)
class RankingWriter:
    """Takes the ranked candidates of each bucket as they come, into the open transaction."""

    warehouse: Warehouse
    made: AssetBuild
    ds: date
    model_id: str
    scored: ScoringStats

    def add(self, night: RankingBucket, ranked: dict[str, np.ndarray], weights: dict[str, np.ndarray]) -> None:
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
        self.scored.count(night, place)

    def told(self, category_of: np.ndarray | None) -> None:
        """Keeps what category each goods was taken for, int64 by goods key, 0 for none: the catalogue may say otherwise
        by the time that somebody asks why. Nothing where the model tells none apart."""
        if category_of is not None:
            goods_keys = np.flatnonzero(category_of)
            frame = pl.DataFrame({"goods_key": goods_keys, "category_key": category_of[goods_keys]})
            self.warehouse.name_files(
                CATEGORIES_ASSET, [self.ds], [lake.write(self.warehouse.store, frame, CATEGORIES_ASSET, self.ds)]
            )


@contextmanager
def ranking_writer(
    warehouse: Warehouse, ds: date, model_id: str, fingerprint: Fingerprint, unknown_rows: tuple[np.ndarray, np.ndarray]
) -> Iterator[RankingWriter]:
    """Replaces the rankings and why of a day, and what was scored, in one transaction with the ledger row.

    `unknown_rows`: of the model's tables of goods and of shops, which rows are as the unknown one (see Scored).
    """
    with warehouse.building("rankings", ds, fingerprint) as made:
        for table in ("rankings", "why", "scored"):
            warehouse.clear_day(table, ds)
        writer = RankingWriter(warehouse, made, ds, model_id, ScoringStats(*unknown_rows))
        yield writer
        warehouse.append("serving.scored", pl.DataFrame([{"ds": ds, **writer.scored.counts}]))
