"""Histories -> candidates of a night: the union of all candidate sources, with their names."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import duckdb
import polars as pl

from features.candidates.block_list import block_list_hash, read_block_list
from features.candidates.candidate_sources import (
    CandidateSource,
    candidate_sources,
    readable_files,
    run_candidate_source,
)
from features.candidates.item_stats import NIGHT_GOODS, NIGHT_PAIRS, night_goods_inputs, night_pairs_inputs, night_types
from features.config import CandidateConfig
from features.errors import FeatureError
from features.ingest.catalogue import catalogue_shops, shops_version
from features.ingest.entity_keys import stored_type
from features.ingest.impressions import IMPRESSION_TYPES
from features.sequences.histories import (
    BASE_TYPES,
    SINCE_TYPES,
    create_histories_view,
    events_seen,
    history_files,
    partitioning,
)
from features.store import duckdb_connection, lake, sql_builder, sql_files
from features.store.fingerprints import Fingerprint, fingerprint, sql_texts
from features.store.lake import LakeFile
from features.store.warehouse import Warehouse

CODE = 4  # raise it when a change here changes a file
BLOCK_LIST_CODE = 2  # raise it when a change here changes which text ids a block list matches
SQL = ("night", "judged", "candidate_union", "candidate_ids", "blocked", "night_types")


@dataclass
class CandidateCounts:
    """Count the candidates of a night.

    The other counts are of candidates that were just built: the candidates of each source, the excluded proposals by
    reason, and the rows of the block list with an unknown id.
    """

    rows: int = 0
    by_source: Counter[str] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)
    unknown_blocked: int = 0


def candidates_fingerprint(warehouse: Warehouse, ds: date, config: CandidateConfig) -> Fingerprint:
    """Fingerprint the inputs of candidates.

    They are the events seen, the items of the night and their pairs, and the sources' queries, files and quotas. The
    block list and the impressions are inputs too.
    """
    store = warehouse.store
    goods, pairs = night_goods_inputs(warehouse, ds, config), night_pairs_inputs(warehouse, config)
    sources = candidate_sources(store, config)
    asked = {source.name: source.query for source in sources}
    quotas = {source.name: source.quota for source in sources}
    kept = (config.max_per_user, config.exclude_purchased_days, config.repeatable_categories)
    parts = {
        "impressions": [file.sha256 for file in shown_files(warehouse, ds, config)],
        "shops": shops_version(warehouse, ds),
        "tables": readable_files(store),
        "blocked": blocked_part(warehouse),
        "settings.candidates": (quotas, kept, goods["settings.candidates"], pairs["settings.candidates"]),
        "sql": (goods["sql"] | pairs["sql"] | sql_texts(*(f"transforms/{name}" for name in SQL)), asked),
        "code": (CODE, goods["code"], pairs["code"]),
    }
    return fingerprint(events_seen(warehouse, ds) | goods | partitioning(warehouse) | parts)


def blocked_part(warehouse: Warehouse) -> object:
    """Return the fingerprint part for the block list.

    Since BLOCK_LIST_CODE 2 it matches text ids that are UUIDs in any letters.
    """
    hashed = block_list_hash(warehouse.store)
    is_text = hashed and "VARCHAR" in {stored_type(warehouse.con, name) for name in ("user_id", "goods_id")}
    return (hashed, BLOCK_LIST_CODE) if is_text else hashed


def shown_files(warehouse: Warehouse, ds: date, config: CandidateConfig) -> list[LakeFile]:
    """Return the impressions of the days over which popularity is counted.

    Everyone in them is a user, even without an event.
    """
    return warehouse.files("impressions.%", ds - timedelta(days=config.popular_days - 1), ds)


def build_candidates(warehouse: Warehouse, ds: date, config: CandidateConfig) -> CandidateCounts:
    """Write the candidates of each bucket of users. Raises FeatureError if there are none.

    Each bucket has its own connection, which sees only that bucket's files; so the work could run on any machine.
    """
    store, asset = warehouse.store, "candidates"
    fingerprint = candidates_fingerprint(warehouse, ds, config)
    counts = CandidateCounts()
    if not warehouse.is_current(asset, ds, fingerprint):
        sources = with_matching_spellings(warehouse, candidate_sources(store, config))
        with warehouse.building(asset, ds, fingerprint) as made:
            relations = shared_relations(warehouse, ds, config, sources, counts)
            for bucket in range(store.config.buckets):
                frame = candidates_of(warehouse, ds, bucket, config, sources, relations, counts)
                made.files.append(lake.write(store, frame, asset, ds, bucket))
            made.rows = sum(file.rows for file in made.files)
            require_candidates(ds, made.rows, counts)
    counts.rows = sum(file.rows for file in warehouse.files(asset, ds, ds))
    return counts


def with_matching_spellings(warehouse: Warehouse, sources: list[CandidateSource]) -> list[CandidateSource]:
    """Add to the store's own sources the ids that are equal as numbers."""
    if not any(source.is_own for source in sources):
        return sources
    alike = dict(warehouse.run("transforms/ids_alike"))
    return [replace(source, alike=alike) if source.is_own else source for source in sources]


def require_candidates(ds: date, rows: int, counts: CandidateCounts) -> None:
    """Raise FeatureError, with the counts by reason, if a night has no candidates."""
    if not rows:
        excluded = ", ".join(f"{count} {why}" for why, count in sorted(counts.excluded.items())) or "none"
        raise FeatureError(
            f"no candidates for anybody on {ds}: {', '.join(counts.by_source)} gave nothing that may be ranked "
            f"(excluded: {excluded}); look at the quotas, the block list and the goods catalogue (docs/candidates.md)"
        )


def shared_relations(
    warehouse: Warehouse, ds: date, config: CandidateConfig, sources: list[CandidateSource], counts: CandidateCounts
) -> dict[str, Any]:
    """Return relations that all buckets share, as Arrow tables by name.

    They are those that no file of the night has.
    """
    create_histories_view(warehouse, ds)
    blocked, counts.unknown_blocked = read_block_list(warehouse)
    relations = {
        "night_types": night_types(warehouse, config),
        "catalogue_shops": catalogue_shops(warehouse).to_arrow(),
        "blocked_goods": blocked.filter(pl.col("user_key").is_null()).select("goods_key").to_arrow(),
        "blocked_pairs": blocked.filter(pl.col("user_key").is_not_null()).to_arrow(),
    }
    if any(source.is_own for source in sources):
        for name, key in (("users", "user"), ("goods", "goods")):
            ids = warehouse.con.table(f"entities.{name}").select(f"{key}_id", f"{key}_key")
            relations[f"{key}_ids"] = ids.to_arrow_table()
    return relations


def candidates_of(
    warehouse: Warehouse,
    ds: date,
    bucket: int,
    config: CandidateConfig,
    sources: list[CandidateSource],
    relations: dict[str, Any],
    counts: CandidateCounts,
) -> pl.DataFrame:
    """Run every source for the users of one bucket and return the union."""
    store = warehouse.store
    with duckdb_connection.connect(None, store.config, store.spill) as con:
        create_night_relations(con, warehouse, ds, bucket, config, relations)
        for number, source in enumerate(sources):
            run_candidate_source(con, source, store.candidates)
            filter_and_score_proposals(con, number, source, counts)
        names = [source.name for source in sources]
        united = sql_files.arrow(con, "transforms/candidate_union", per_user=config.max_per_user, sources=names)
        return pl.DataFrame(united)


def create_night_relations(
    con: duckdb.DuckDBPyConnection,
    warehouse: Warehouse,
    ds: date,
    bucket: int,
    config: CandidateConfig,
    relations: dict[str, Any],
) -> None:
    """Create the relations that candidate sources read, for one bucket of users.

    They are the night, its users, their histories and its items. Then the connection's file access is restricted to
    the files of the night and of the store's candidates folder.
    """
    store = warehouse.store
    base, since = history_files(warehouse, ds)
    paths, inputs = [], ("base_histories", "days_since", "shown")  # views that the night's own tables replace
    for view, files, columns in (
        ("night_goods", warehouse.files("night_goods", ds, ds), NIGHT_GOODS),
        ("night_pairs", warehouse.files("night_pairs", ds, ds), NIGHT_PAIRS),
        ("base_histories", [file for file in base if file.bucket == bucket], BASE_TYPES),
        ("days_since", since, SINCE_TYPES),
        ("shown", shown_files(warehouse, ds, config), IMPRESSION_TYPES),
    ):
        own = [lake.verified_path(store, file) for file in files]
        duckdb_connection.create_files_view(con, view, own, columns)
        paths += [] if view in inputs else own
    for name, rows in relations.items():
        con.register(name, rows)
    values = {
        "ds": ds,
        "as_of": store.day_end(ds),
        "bucket": bucket,
        "buckets": store.config.buckets,
        "exclude_bought_days": config.exclude_purchased_days,
        "repeatable_categories": list(config.repeatable_categories),
    }
    sql_files.run(con, "transforms/night", **values)
    if "user_ids" in relations:
        sql_files.run(con, "transforms/candidate_ids")
        for name in ("user_ids", "goods_ids"):
            con.unregister(name)
    for view in inputs:
        con.execute(sql_builder.drop_view(view))
    duckdb_connection.restrict_file_access(con, paths, store.candidates)


def filter_and_score_proposals(
    con: duckdb.DuckDBPyConnection, number: int, source: CandidateSource, counts: CandidateCounts
) -> None:
    """Add a source's proposals to the candidates, up to its quota, without excluded ones."""
    sql_files.run(con, "transforms/judged", source=number, quota=source.quota)
    for excluded, proposals in sql_files.run(con, "transforms/judged_counts").fetchall():
        if excluded:
            counts.excluded[excluded] += proposals
    rows = "select count(*) from candidate_rows where source = $source"
    counts.by_source[source.name] += con.execute(rows, {"source": number}).fetchall()[0][0]
