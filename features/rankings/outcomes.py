"""The ranking of the night before and the events of a day -> outcomes of the ranking and of its baselines.

The night before saves nothing extra for it. Its candidates, goods and sequences are still in the lake, its histories
end at its own end, and only users who took something are ranked again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl

from features.config import ExampleConfig, RankingConfig
from features.errors import FeatureError
from features.ingest.event_files import create_events_view, files_of_day
from features.rankings.baselines import BaselineRanking, popularity, purchase_recency, top_k
from features.rankings.rankings import RankingBucket, inputs_changed_since, load_bucket
from features.sequences.histories import Histories, build_histories, events_seen, load_histories
from features.sequences.history_slices import type_keys
from features.store import duckdb_connection, lake, sql_files
from features.store.fingerprints import Fingerprint, fingerprint, sql_texts
from features.store.store import Store, epoch_microseconds
from features.store.warehouse import Warehouse

CODE = 3  # raise it when a change here or in baselines.py changes an outcome
CUTOFFS = (5, 10, 20, 50, 100)
HISTORY = {0: "0", 1: "1-4", 5: "5-19", 20: "20-99", 100: "100+"}  # segments, by their lowest number of goods events
NEW_DAYS = 7
MICROSECONDS_PER_DAY = 86_400_000_000
BY_MODEL = "mean"
BASELINES = ("popular", "bought_again", BY_MODEL)
SEGMENTS = "segments"
BucketRanker = Callable[[str, RankingBucket, int], BaselineRanking]  # model id, bucket, k -> top k of each user
SQL = tuple(f"transforms/{name}" for name in ("wanted", "keep_hits", "outcomes", "bins", "write_outcomes"))


@dataclass
class Outcomes:
    """Hold whether outcomes were measured, how many users count, and what was skipped.

    `left_out`: the reason, by the name of a ranker or `segments`.
    """

    measured: bool = False
    users: int = 0
    left_out: dict[str, str] = field(default_factory=dict)


def outcomes_fingerprint(warehouse: Warehouse, ds: date, config: ExampleConfig, per_shop: int) -> Fingerprint:
    """Fingerprint the inputs of outcomes.

    They are the events seen, the run that ranked the night before, the mean-pooling model, the positive event types and
    the SQL. The baselines rank the inputs of that run, or nothing.
    """
    before = ds - timedelta(days=1)
    parts = {
        "rankings": warehouse.run_of("rankings", before),
        "mean": warehouse.one("ledger/mean_beside", ds=before),
        "settings.store": warehouse.store.config.timezone,
        "settings.examples": config.positive_event_types,
        "settings.ranking": per_shop,
        "sql": sql_texts(*SQL, "transforms/positives", "transforms/goods_known"),
        "code": (CODE, CUTOFFS, HISTORY, NEW_DAYS),
    }
    return fingerprint(events_seen(warehouse, ds) | parts)


def build_outcomes(
    warehouse: Warehouse, ds: date, config: ExampleConfig, ranking: RankingConfig, rank_bucket: BucketRanker
) -> Outcomes:
    """Compare the ranking of the night before, and the baselines, with the positives of `ds`.

    `rank_bucket` ranks a bucket with a model. A part that cannot be built, for example because files of the night
    before are gone, is skipped with a reason. Nothing is written if no ranking was published the night before, or if
    its night_goods are gone: only they say what could have been ranked. Older outcomes of the day then stay.
    """
    before, made = ds - timedelta(days=1), Outcomes()
    ranked = warehouse.run("ledger/ranking_of", ds=before)
    if not ranked:
        return made
    [(model_id, longest)] = ranked
    fingerprint = outcomes_fingerprint(warehouse, ds, config, ranking.max_per_shop)
    if not warehouse.is_current("outcomes", ds, fingerprint):
        if not warehouse.files("night_goods", before, before):
            made.left_out["model"] = f"the goods of {before} are not in the store"
            return made
        create_positives(warehouse, ds, config)
        BaselineReplay(warehouse, before, config, longest, ranking.max_per_shop, rank_bucket, made.left_out).run()
        values = {
            "ds": ds,
            "cutoffs": sorted({k for k in CUTOFFS if k < longest} | {longest}),
            "model_id": model_id,
            "mean_id": warehouse.one("ledger/mean_beside", ds=before),
        }
        with warehouse.building("outcomes", ds, fingerprint) as building:
            warehouse.run("transforms/bins")
            warehouse.run("transforms/outcomes")
            warehouse.run("transforms/write_outcomes", **values)
            building.rows = len(values["cutoffs"])
    counted = "select max(users) from serving.outcomes where ds = $ds"
    [(users,)] = warehouse.con.execute(counted, {"ds": ds}).fetchall()
    made.measured, made.users = True, users or 0
    return made


def create_positives(warehouse: Warehouse, ds: date, config: ExampleConfig) -> None:
    """Create relations of the positives of `ds` and the ranking of the night before."""
    store, con, before = warehouse.store, warehouse.con, ds - timedelta(days=1)
    create_events_view(warehouse, files_of_day(warehouse, ds, ds), "day_events")
    goods = [lake.verified_path(store, file) for file in warehouse.files("night_goods", before, before)]
    duckdb_connection.create_files_view(con, "night_goods", goods, "goods_key integer, shop_key integer")
    con.execute("create or replace temp table known_goods as from night_goods")
    sql_files.run(con, "transforms/positives")
    day = {"day_start": store.day_start(ds), "day_end": store.day_end(ds), "types": list(config.positive_event_types)}
    warehouse.run("transforms/wanted", before=before, **day)


@dataclass(frozen=True)
class BaselineReplay:
    """Rank the night `ds` again with the baselines, bucket by bucket.

    Only users who took something the day after are ranked. It saves the segments of these users, and of each baseline's
    ranking only the hits.
    """

    warehouse: Warehouse
    ds: date
    config: ExampleConfig
    k: int
    per_shop: int
    rank_bucket: BucketRanker
    left_out: dict[str, str]

    def run(self) -> None:
        """Fill `hits`, `rankers` and `segments` as far as their inputs are there."""
        mean_id, buckets = self.warehouse.one("ledger/mean_beside", ds=self.ds), self.warehouse.store.config.buckets
        if mean_id is None:
            self.left_out[BY_MODEL] = "no model of mean pooling was trained together with the one that ranked"
        found = self.warehouse.con.execute("select distinct user_key from wanted where ranked order by user_key")
        users = np.asarray(found.fetchnumpy()["user_key"])
        if others := inputs_changed_since(self.warehouse, self.ds):
            self.left_out.update(dict.fromkeys(BASELINES, others))
        with self.skip_on_error(SEGMENTS, *BASELINES):
            build_histories(self.warehouse, self.ds)
        for bucket in range(buckets):
            own = users[users % buckets == bucket]
            if len(own):
                self.replay(bucket, own, mean_id)
        if SEGMENTS in self.left_out:
            self.warehouse.con.execute("delete from segments")
        rankers = [ranker for ranker in BASELINES if ranker not in self.left_out]
        self.warehouse.con.execute("insert into rankers select unnest($rankers)", {"rankers": rankers})

    @contextmanager
    def skip_on_error(self, *names: str) -> Iterator[None]:
        """Skip these names with the reason if the block raises FeatureError; the night goes on."""
        try:
            yield
        except FeatureError as error:
            self.left_out.update({name: str(error) for name in names if name not in self.left_out})

    def replay(self, bucket: int, users: np.ndarray, mean_id: str | None) -> None:
        """Save the segments of a bucket's users and the hits of every baseline."""
        with self.skip_on_error(SEGMENTS, *BASELINES):
            histories = load_histories(
                self.warehouse, self.ds, bucket, users=users, at_night_end=True, with_returns=True
            )
            self.warehouse.append(
                "segments", segments_of(users, histories, epoch_microseconds(self.store.day_end(self.ds)))
            )
            if "popular" in self.left_out:
                return
            with self.skip_on_error(*BASELINES):
                candidates = load_bucket(self.warehouse, self.ds, bucket, users)
                self.rank_by_counts(candidates, histories)
                with self.skip_on_error(BY_MODEL):
                    if mean_id and BY_MODEL not in self.left_out:
                        self.save_hits(BY_MODEL, candidates, self.rank_bucket(mean_id, candidates, self.k))

    @property
    def store(self) -> Store:
        """Return the store of the warehouse."""
        return self.warehouse.store

    def rank_by_counts(self, bucket: RankingBucket, histories: Histories) -> None:
        """Save the hits of both baselines that need no model."""
        popular = popularity(self.warehouse, self.ds, bucket.goods_keys)
        types = self.config.positive_event_types
        again = purchase_recency(bucket, histories, type_keys(self.warehouse, types) if types else None)
        self.save_hits("popular", bucket, top_k(bucket, (popular,), self.k, self.per_shop))
        self.save_hits("bought_again", bucket, top_k(bucket, (again, popular), self.k, self.per_shop))

    def save_hits(self, ranker: str, bucket: RankingBucket, ranking: BaselineRanking) -> None:
        """Save the candidates of a ranking that the users then took."""
        frame = pl.DataFrame(
            {
                "user_key": ranking.user_keys,
                "goods_key": bucket.goods_keys[ranking.candidate],
                "rank": ranking.rank,
                "sources": bucket.sources.gather(ranking.candidate),
            }
        )
        self.warehouse.con.register("ranked_again", frame.to_arrow())
        self.warehouse.run("transforms/keep_hits", ranker=ranker)
        self.warehouse.con.unregister("ranked_again")


def segments_of(users: np.ndarray, histories: Histories, as_of: int) -> pl.DataFrame:
    """Return the segments of each user: the size of the history, and new or old.

    A user is new if the first event is at most NEW_DAYS old, or if there is no event, only impressions.
    """
    index = users // histories.stride
    has = index < len(histories.count)
    has[has] = histories.count[index[has]] > 0
    first, end = np.zeros((2, len(users)), np.int64)
    first[has] = histories.first[index[has]]
    end[has] = first[has] + histories.count[index[has]]
    goods_before = np.r_[0, np.cumsum(histories.goods_keys > 0)]
    segment = np.searchsorted(list(HISTORY), goods_before[end] - goods_before[first], "right") - 1
    is_new = ~has
    is_new[has] = histories.event_ts[first[has]] >= as_of - NEW_DAYS * MICROSECONDS_PER_DAY
    history = pl.DataFrame({"segment": np.array(list(HISTORY.values()))[segment], "user_key": users})
    newness = pl.DataFrame({"segment": np.where(is_new, "new", "old"), "user_key": users})
    labelled = [
        history.with_columns(pl.lit("history").alias("kind")),
        newness.with_columns(pl.lit("user").alias("kind")),
    ]
    return pl.concat(labelled)
