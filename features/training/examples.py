"""Events -> labelled examples of a day: positives and negatives, each with the moment its history ends."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from features.candidates.candidates import candidates_fingerprint
from features.config import CandidateConfig, ExampleConfig
from features.ingest.catalogue import create_catalogue_view, known_version
from features.ingest.event_files import create_events_view, files_of_day
from features.ingest.impressions import IMPRESSION_TYPES
from features.sequences.histories import events_seen
from features.store import duckdb_connection, lake, sql_files
from features.store.fingerprints import Fingerprint, fingerprint, sql_texts
from features.store.lake import LakeFile
from features.store.warehouse import Warehouse
from features.training.negative_sampling import add_candidates, add_negatives

CODE = 3  # raise it when a change here or in negative_sampling.py changes a file
SQL = ("positives", "goods_known", "known_goods", "labelled_impressions", "histories", "night_catalogue")


@dataclass(frozen=True)
class LabelledExamples:
    """Hold X examples of several days.

    `as_of`: the moment at which the history of an example ends, in microseconds since 1970 UTC. It is the start of the
    example's day or the moment of its label. Keys int32 [X], labels int8 [X], as_of int64 [X].
    """

    user_keys: np.ndarray
    goods_keys: np.ndarray
    shop_keys: np.ndarray
    labels: np.ndarray
    as_of: np.ndarray

    def select(self, rows: np.ndarray) -> "LabelledExamples":
        """Return some of the examples."""
        return LabelledExamples(*(column[rows] for column in vars(self).values()))


def build_examples(
    warehouse: Warehouse,
    ds: date,
    known_until: date,
    config: ExampleConfig,
    candidates: CandidateConfig | None = None,
) -> int:
    """Write the examples of one day, and return their number.

    Labels use what is known by the end of `known_until`. The relation `histories` must exist and reach `known_until`.
    `candidates` are the settings of the candidates from which negatives may be sampled (the defaults, if None).
    """
    asset = "examples"
    fingerprint = examples_fingerprint(warehouse, ds, known_until, config, candidates or CandidateConfig())
    if not warehouse.is_current(asset, ds, fingerprint):
        with warehouse.building(asset, ds, fingerprint) as made:
            frame = examples_of(warehouse, ds, known_until, config)
            made.files.append(lake.write(warehouse.store, frame, asset, ds))
            made.rows = len(frame)
    return sum(file.rows for file in warehouse.files(asset, ds, ds))


def examples_fingerprint(
    warehouse: Warehouse, ds: date, known_until: date, config: ExampleConfig, candidates: CandidateConfig
) -> Fingerprint:
    """Fingerprint the inputs of a day's examples: events before and on it, settings and SQL."""
    before = ds - timedelta(days=1)
    parts = {
        "goods": known_version(warehouse, before),
        "labels": [file.sha256 for file in files_of_day(warehouse, ds, known_until)],
        "impressions": [file.sha256 for file in warehouse.files("impressions.%", ds, ds)],
        "settings.store": warehouse.store.config.timezone,
        "settings.examples": config,
        "sql": sql_texts(*(f"transforms/{name}" for name in SQL)),
        "code": CODE,
    }
    if needs_candidates(warehouse, ds, config):
        parts["candidates"] = candidates_fingerprint(warehouse, before, candidates).shape
    return fingerprint(events_seen(warehouse, before) | parts)


def needs_candidates(warehouse: Warehouse, ds: date, config: ExampleConfig) -> bool:
    """Return whether the examples of a day need the candidates of the night before.

    Those must be built first.
    """
    return config.negative_sampling == "candidates" and impressions_of(warehouse, ds, config) is None


def impressions_of(warehouse: Warehouse, ds: date, config: ExampleConfig) -> list[LakeFile] | None:
    """Return the impression files that label a day, None if events label it."""
    shown = warehouse.files("impressions.%", ds, ds)
    return shown if config.label_source == "impressions" or (config.label_source == "auto" and shown) else None


def candidate_files_for_labels(warehouse: Warehouse, ds: date) -> list[LakeFile]:
    """Return the candidate files of the night before."""
    return warehouse.files("candidates", ds - timedelta(days=1), ds - timedelta(days=1))


def examples_of(warehouse: Warehouse, ds: date, known_until: date, config: ExampleConfig) -> pl.DataFrame:
    """Return one row per example of a day: user_key, goods_key, shop_key, as_of, label."""
    con, store = warehouse.con, warehouse.store
    start, end = store.day_start(ds), store.day_end(ds)
    create_catalogue_view(warehouse, ds - timedelta(days=1))
    sql_files.run(con, "transforms/known_goods", as_of=start, popular_days=config.popular_days)
    night = config.history_cutoff == "night"
    shown = impressions_of(warehouse, ds, config)
    if shown is not None:
        paths = [lake.verified_path(store, file) for file in shown]
        duckdb_connection.create_files_view(con, "day_impressions", paths, IMPRESSION_TYPES)
        return pl.DataFrame(sql_files.arrow(con, "transforms/labelled_impressions", start=start, night=night))
    create_events_view(warehouse, files_of_day(warehouse, ds, known_until), "day_events")
    sql_files.run(con, "transforms/positives")
    values = {"start": start, "end": end, "types": list(config.positive_event_types)}
    found = pl.DataFrame(sql_files.arrow_of(con, "from positives_in($start, $end, $types)", values))
    as_of = pl.lit(start, pl.Datetime("us")) if night else pl.col("first_ts")
    positives = found.select("user_key", "goods_key", "shop_key", as_of.alias("as_of"))
    if config.negative_sampling == "candidates":
        return add_candidates(positives, candidates_for_labels(warehouse, ds), config, ds)
    # An item that only the catalogue has would train only the unknown row.
    touched = pl.DataFrame(sql_files.arrow_of(con, "select goods_key from known_goods where is_touched", {}))
    known = sql_files.arrow_of(con, "from known_goods where popularity > 0 order by goods_key", {})
    taken = positives.filter(pl.col("goods_key").is_in(touched["goods_key"].implode()))
    return add_negatives(taken, pl.DataFrame(known), config, ds)


def candidates_for_labels(warehouse: Warehouse, ds: date) -> pl.DataFrame:
    """Load the candidates of the night before, ordered by user and item."""
    columns = ["user_key", "goods_key", "shop_key"]
    frames = [
        lake.read(warehouse.store, file, lambda rows: rows.select(columns))
        for file in candidate_files_for_labels(warehouse, ds)
    ]
    no_rows = pl.DataFrame(schema=dict.fromkeys(columns, pl.Int32))
    return pl.concat([no_rows, *frames]).sort("user_key", "goods_key")


def load_examples(warehouse: Warehouse, first_ds: date, last_ds: date) -> LabelledExamples:
    """Load the examples of some days, both included, ordered by day, user and item."""
    frames = [lake.read(warehouse.store, file) for file in warehouse.files("examples", first_ds, last_ds)]
    if not frames:
        empty = np.zeros(0, np.int64)
        return LabelledExamples(empty, empty, empty, empty, empty)
    frame = pl.concat(frames)
    user_keys, goods_keys, shop_keys, labels = (
        frame[name].to_numpy() for name in ("user_key", "goods_key", "shop_key", "label")
    )
    return LabelledExamples(user_keys, goods_keys, shop_keys, labels, frame["as_of"].to_physical().to_numpy())


def last_days(ds: date, days: int) -> list[date]:
    """Return the `days` days that end with `ds`, oldest first."""
    return [ds - timedelta(days=back) for back in reversed(range(days))]
