"""Candidates and sequences of a night -> arrays for the model; its rankings and why -> the warehouse."""

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
from features.sequences.history_slices import GROUPS, HistorySlices, SequenceGroup
from features.sequences.sequences import load_sequences, sequences_fingerprint
from features.store import lake
from features.store.fingerprints import OF_EVENTS, Fingerprint, fingerprint
from features.store.store import epoch_microseconds
from features.store.warehouse import AssetBuild, Warehouse

CATEGORIES_ASSET = "told_categories"  # a file of a night
CODE = 2  # raise it when a change here or in how the model ranks changes a ranking


def ranking_fingerprint(
    warehouse: Warehouse,
    ds: date,
    model_id: str | None,
    sequences: SequenceConfig,
    candidates: CandidateConfig,
    ranking: object,
) -> Fingerprint:
    """Fingerprint the inputs of a ranking: events seen, sequences, candidates, model and settings."""
    parts = {
        "sequences": [sequences_fingerprint(warehouse, ds, group, sequences).shape for group in GROUPS],
        "candidates": candidates_fingerprint(warehouse, ds, candidates).shape,
        "model": model_id,
        "settings.ranking": ranking,
        "code": CODE,
    }
    return fingerprint(events_seen(warehouse, ds) | parts)


def inputs_changed_since(warehouse: Warehouse, ds: date) -> str | None:
    """Return which inputs changed since the night was ranked, in words.

    None if the store still has all of them.
    """
    ranked = parts_of(warehouse, "rankings", ds)
    sequences = [parts_of(warehouse, f"{group}_sequences", ds) for group in GROUPS]
    candidates = parts_of(warehouse, "candidates", ds)
    shapes = {"sequences": [Fingerprint(own).shape for own in sequences], "candidates": Fingerprint(candidates).shape}
    changed = [name for name, own in fingerprint(shapes).parts.items() if own != ranked.get(name)]
    for name, own in (("candidates", [candidates]), ("sequences", sequences)):
        if any(parts.get(seen) != ranked.get(seen) for parts in own for seen in OF_EVENTS):
            changed.append(name)
    return f"the {' and '.join(sorted(set(changed)))} of {ds} were rebuilt since it was ranked" if changed else None


def parts_of(warehouse: Warehouse, asset: str, ds: date) -> dict[str, str]:
    """Return the fingerprint parts of an asset of a day; empty if there is none."""
    return warehouse.one("ledger/parts_of", asset=asset, ds=ds) or {}


@dataclass(frozen=True)
class RankingBucket:
    """Hold the model's input for one bucket: U users, their C candidates and their sequences.

    The candidates are end to end; those of user i are `[offsets[i], offsets[i + 1])`. Both sequences have a slice for
    each user. `as_of`, the end of the day, is in microseconds since 1970 UTC.
    """

    user_keys: np.ndarray
    offsets: np.ndarray
    goods_keys: np.ndarray
    shop_keys: np.ndarray
    sources: pl.Series
    goods: HistorySlices
    shops: HistorySlices
    as_of: int


def load_bucket(warehouse: Warehouse, ds: date, bucket: int, users: np.ndarray | None = None) -> RankingBucket:
    """Load the candidates and sequences of one bucket, or of these users."""
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
        align_sequences(warehouse, ds, "goods", bucket, user_keys),
        align_sequences(warehouse, ds, "shop", bucket, user_keys),
        epoch_microseconds(warehouse.store.day_end(ds)),
    )


def candidate_files(warehouse: Warehouse, ds: date) -> list[lake.LakeFile]:
    """Return the candidate files of a night, one per bucket.

    Raises FeatureError if the buckets are not those of the store.
    """
    files, buckets = warehouse.files("candidates", ds, ds), warehouse.store.config.buckets
    if [file.bucket for file in files] != list(range(buckets)):
        raise FeatureError(
            f"the candidates of {ds} are in {len(files)} buckets, and store.buckets is {buckets}; "
            f"build them with: {warehouse.store.command(f'backfill {ds} {ds} --mode all')}"
        )
    return files


def align_sequences(
    warehouse: Warehouse, ds: date, group: SequenceGroup, bucket: int, user_keys: np.ndarray
) -> HistorySlices:
    """Load the sequences of a bucket, with one slice for each of these sorted users."""
    found, column = load_sequences(warehouse, ds, group, bucket), f"{group}_keys"
    ends = np.r_[0, np.cumsum(found[column].list.len().to_numpy().astype(np.int64))]
    row = np.searchsorted(found["user_key"].to_numpy(), user_keys)
    has = np.isin(user_keys, found["user_key"].to_numpy())
    start = np.where(has, ends[np.minimum(row, len(ends) - 1)], 0)
    end = np.where(has, ends[np.minimum(row + 1, len(ends) - 1)], 0)
    keys = found[column].explode(empty_as_null=False).to_numpy()
    ts = found["event_ts"].explode(empty_as_null=False).dt.epoch("us").to_numpy()
    return HistorySlices(keys, ts, start, end)


@dataclass
class ScoringStats:
    """Count scored candidates, and those scored with an unknown embedding row.

    `unknown_goods_rows` and `unknown_shop_rows` mark the rows of the model's tables that equal the unknown row, bool
    each. Keys beyond them are unknown too.
    """

    unknown_goods_rows: np.ndarray
    unknown_shop_rows: np.ndarray
    candidates: int = 0
    unknown_rows: int = 0
    unknown_goods: set[int] = field(default_factory=set)
    unknown_shops: set[int] = field(default_factory=set)

    def count(self, bucket: RankingBucket, ranked: np.ndarray) -> None:
        """Add the candidates of a bucket, and those places among them that were ranked."""
        new_goods = is_unknown(bucket.goods_keys, self.unknown_goods_rows)
        new_shops = is_unknown(bucket.shop_keys, self.unknown_shop_rows)
        self.candidates += len(bucket.goods_keys)
        self.unknown_rows += int((new_goods | new_shops)[ranked].sum())
        self.unknown_goods |= set(np.unique(bucket.goods_keys[new_goods]).tolist())
        self.unknown_shops |= set(np.unique(bucket.shop_keys[new_shops]).tolist())

    @property
    def counts(self) -> dict[str, int]:
        """Return the counts by the names of their columns."""
        return {
            "candidates": self.candidates,
            "unknown_goods": len(self.unknown_goods),
            "unknown_shops": len(self.unknown_shops),
            "unknown_rows": self.unknown_rows,
        }


def is_unknown(keys: np.ndarray, unknown_rows: np.ndarray) -> np.ndarray:
    """Return whether each key is scored with the unknown row. bool [N]."""
    beyond = keys >= len(unknown_rows)
    return beyond | unknown_rows[np.where(beyond, 0, keys)]


@dataclass(frozen=True)
class RankingWriter:
    """Write the ranked candidates of each bucket into the open transaction."""

    warehouse: Warehouse
    made: AssetBuild
    ds: date
    model_id: str
    scored: ScoringStats

    def add(self, bucket: RankingBucket, ranked: dict[str, np.ndarray], weights: dict[str, np.ndarray]) -> None:
        """Append the rankings and the history weights of one bucket.

        `ranked`: user_keys, rank, candidate (place in the bucket), score. `weights`: user_keys, candidate, part,
        history_keys, ts, weight, share. The arrays of each have the same length.
        """
        place = ranked["candidate"]
        rankings = pl.DataFrame(
            {
                "user_key": ranked["user_keys"],
                "rank": ranked["rank"],
                "goods_key": bucket.goods_keys[place],
                "shop_key": bucket.shop_keys[place],
                "score": ranked["score"].astype(np.float64),
                "sources": bucket.sources.gather(place),
            }
        )
        why = pl.DataFrame(
            {
                "user_key": weights["user_keys"],
                "goods_key": bucket.goods_keys[weights["candidate"]],
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
        self.scored.count(bucket, place)

    def save_categories(self, category_of: np.ndarray | None) -> None:
        """Save the category that the model used for each item.

        `category_of` is int64 by goods key, 0 for none. A later `why` needs it, because the catalogue may have changed
        by then. Saves nothing if the model has no categories.
        """
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
    """Replace the rankings, why and scoring stats of a day.

    All are written in one transaction with the ledger row. `unknown_rows`: for the model's tables of goods and of
    shops, which rows equal the unknown row (see ScoringStats).
    """
    with warehouse.building("rankings", ds, fingerprint) as made:
        for table in ("rankings", "why", "scored"):
            warehouse.clear_day(table, ds)
        writer = RankingWriter(warehouse, made, ds, model_id, ScoringStats(*unknown_rows))
        yield writer
        warehouse.append("serving.scored", pl.DataFrame([{"ds": ds, **writer.scored.counts}]))
