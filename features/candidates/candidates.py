"""Histories -> candidates of a night: what each candidate source proposes, together, with their names kept."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import duckdb
import polars as pl

from features.candidates.block_list import block_list_hash, read_block_list
from features.candidates.candidate_sources import CandidateSource, candidate_sources, run_candidate_source, tables_of
from features.candidates.item_stats import NIGHT_GOODS, NIGHT_PAIRS, night_types, shaping_goods, shaping_pairs
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

CODE = 4  # raise it where a change here changes a file
BLOCK_LIST_CODE = 2  # raise it where a change here changes what a block list of texts names
SQL = ("night", "judged", "candidate_union", "candidate_ids", "blocked", "night_types")


@dataclass
class CandidateCounts:
    """How many candidates a night has. Where they were built just now: how many each source brought, how many
    proposals were excluded by why, and how many rows of the block list name an id that nobody knows."""

    rows: int = 0
    by_source: Counter[str] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)
    unknown_blocked: int = 0


def candidates_fingerprint(warehouse: Warehouse, ds: date, config: CandidateConfig) -> Fingerprint:
    """What candidates are made of: the events seen, the goods of the night and their pairs, what the sources ask and
    read, what is blocked, whom something was shown to, the quotas."""
    store = warehouse.store
    goods, pairs = shaping_goods(warehouse, ds, config), shaping_pairs(warehouse, config)
    sources = candidate_sources(store, config)
    asked = {source.name: source.query for source in sources}
    quotas = {source.name: source.quota for source in sources}
    kept = (config.max_per_user, config.exclude_purchased_days, config.repeatable_categories)
    parts = {
        "impressions": [file.sha256 for file in shown_files(warehouse, ds, config)],
        "shops": shops_version(warehouse, ds),
        "tables": tables_of(store),
        "blocked": blocked_part(warehouse),
        "settings.candidates": (quotas, kept, goods["settings.candidates"], pairs["settings.candidates"]),
        "sql": (goods["sql"] | pairs["sql"] | sql_texts(*(f"transforms/{name}" for name in SQL)), asked),
        "code": (CODE, goods["code"], pairs["code"]),
    }
    return fingerprint(events_seen(warehouse, ds) | goods | partitioning(warehouse) | parts)


def blocked_part(warehouse: Warehouse) -> object:
    """Return the part for the block list; where ids are text, it names UUIDs in any letters since BLOCK_LIST_CODE 2."""
    found = block_list_hash(warehouse.store)
    is_text = found and "VARCHAR" in {stored_type(warehouse.con, name) for name in ("user_id", "goods_id")}
    return (found, BLOCK_LIST_CODE) if is_text else found


def shown_files(warehouse: Warehouse, ds: date, config: CandidateConfig) -> list[LakeFile]:
    """The impressions of the days that popularity is counted over: whoever is in them is a user, even without an
    event."""
    return warehouse.files("impressions.%", ds - timedelta(days=config.popular_days - 1), ds)


def build_candidates(warehouse: Warehouse, ds: date, config: CandidateConfig) -> CandidateCounts:
    """Writes the candidates of each bucket of users. Raises FeatureError where nobody has any.

    A connection of its own for each bucket sees nothing but that bucket's files: the work could be anywhere.
    """
    store, asset = warehouse.store, "candidates"
    fingerprint = candidates_fingerprint(warehouse, ds, config)
    told = CandidateCounts()
    if not warehouse.is_current(asset, ds, fingerprint):
        sources = with_matching_spellings(warehouse, candidate_sources(store, config))
        with warehouse.building(asset, ds, fingerprint) as made:
            relations = shared_relations(warehouse, ds, config, sources, told)
            for bucket in range(store.config.buckets):
                frame = candidates_of(warehouse, ds, bucket, config, sources, relations, told)
                made.files.append(lake.write(store, frame, asset, ds, bucket))
            made.rows = sum(file.rows for file in made.files)
            require_candidates(ds, made.rows, told)
    told.rows = sum(file.rows for file in warehouse.files(asset, ds, ds))
    return told


def with_matching_spellings(warehouse: Warehouse, sources: list[CandidateSource]) -> list[CandidateSource]:
    """Return the sources; those of the store's own know which ids no query may compare with numbers."""
    if not any(source.is_own for source in sources):
        return sources
    alike = dict(warehouse.run("transforms/ids_alike"))
    return [replace(source, alike=alike) if source.is_own else source for source in sources]


def require_candidates(ds: date, rows: int, told: CandidateCounts) -> None:
    if not rows:
        excluded = ", ".join(f"{count} {why}" for why, count in sorted(told.excluded.items())) or "none"
        raise FeatureError(
            f"no candidates for anybody on {ds}: {', '.join(told.by_source)} gave nothing that may be ranked "
            f"(excluded: {excluded}); look at the quotas, the block list and the goods catalogue (docs/candidates.md)"
        )


def shared_relations(
    warehouse: Warehouse, ds: date, config: CandidateConfig, sources: list[CandidateSource], told: CandidateCounts
) -> dict[str, Any]:
    """What every bucket needs that is in no file of the night, as Arrow tables by the name of their relation."""
    create_histories_view(warehouse, ds)
    blocked, told.unknown_blocked = read_block_list(warehouse)
    found = {
        "night_types": night_types(warehouse, config),
        "catalogue_shops": catalogue_shops(warehouse).to_arrow(),
        "blocked_goods": blocked.filter(pl.col("user_key").is_null()).select("goods_key").to_arrow(),
        "blocked_pairs": blocked.filter(pl.col("user_key").is_not_null()).to_arrow(),
    }
    if any(source.is_own for source in sources):
        for name, key in (("users", "user"), ("goods", "goods")):
            ids = warehouse.con.table(f"entities.{name}").select(f"{key}_id", f"{key}_key")
            found[f"{key}_ids"] = ids.to_arrow_table()
    return found


def candidates_of(
    warehouse: Warehouse,
    ds: date,
    bucket: int,
    config: CandidateConfig,
    sources: list[CandidateSource],
    relations: dict[str, Any],
    told: CandidateCounts,
) -> pl.DataFrame:
    """Runs every source over the users of one bucket and unites what they give."""
    store = warehouse.store
    with duckdb_connection.connect(None, store.config, store.spill) as con:
        create_night_relations(con, warehouse, ds, bucket, config, relations)
        for number, source in enumerate(sources):
            run_candidate_source(con, source, store.candidates)
            filter_and_score_proposals(con, number, source, told)
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
    """Makes what candidate sources read, for one bucket of users: the night, its users, their histories, its goods.

    Then the connection is shut in: it can read the files of the night, and those in the store's own folder of
    candidates, and no other."""
    store = warehouse.store
    base, since = history_files(warehouse, ds)
    paths, before = [], ("base_histories", "days_since", "shown")  # of what the night's own tables are made
    for view, files, columns in (
        ("night_goods", warehouse.files("night_goods", ds, ds), NIGHT_GOODS),
        ("night_pairs", warehouse.files("night_pairs", ds, ds), NIGHT_PAIRS),
        ("base_histories", [file for file in base if file.bucket == bucket], BASE_TYPES),
        ("days_since", since, SINCE_TYPES),
        ("shown", shown_files(warehouse, ds, config), IMPRESSION_TYPES),
    ):
        own = [lake.verified_path(store, file) for file in files]
        duckdb_connection.create_files_view(con, view, own, columns)
        paths += [] if view in before else own
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
    for view in before:
        con.execute(sql_builder.drop_view(view))
    duckdb_connection.restrict_file_access(con, paths, store.candidates)


def filter_and_score_proposals(
    con: duckdb.DuckDBPyConnection, number: int, source: CandidateSource, told: CandidateCounts
) -> None:
    """Takes what a source proposed among the candidates, up to its quota, without what is excluded."""
    sql_files.run(con, "transforms/judged", source=number, quota=source.quota)
    for excluded, proposals in sql_files.run(con, "transforms/judged_counts").fetchall():
        if excluded:
            told.excluded[excluded] += proposals
    rows = "select count(*) from candidate_rows where source = $source"
    told.by_source[source.name] += con.execute(rows, {"source": number}).fetchall()[0][0]
