"""Source rows -> impressions: what was shown to whom, and whether they took it: labels that need no sampling."""

from collections.abc import Collection
from datetime import date

import polars as pl

from features.config import IngestConfig
from features.errors import FeatureError
from features.ingest.entity_keys import has_entities
from features.ingest.ingest_events import IngestResult, create_store_days, ingest_result, refuse_forgotten
from features.ingest.loss_guard import create_loss_guard
from features.ingest.skipped_rows import record_skipped
from features.ingest.source_registry import register
from features.ingest.sources import Source, open_source
from features.store import lake, sql_files
from features.store.fingerprints import Fingerprint, fingerprint, sql_texts
from features.store.warehouse import Warehouse

IMPRESSION_TYPES = (
    "user_key integer, goods_key integer, shop_key integer, event_ts timestamp, label boolean, event_ds date"
)


def ingest_impressions(
    warehouse: Warehouse,
    source: Source,
    first_ds: date,
    last_ds: date,
    _: IngestConfig,
    accepted: Collection[date] = (),
) -> IngestResult:
    """Reads the days of a source of impressions, both included, in place of what it gave for them before.

    A day keeps its rows where the source returned too few, unless its loss is `accepted`. New ids get keys; events
    come first, since they say of which type ids are. Raises FeatureError without any.
    """
    con, store, started_at = warehouse.con, warehouse.store, warehouse.clock()
    if not has_entities(con):
        raise FeatureError(
            f"source {source.name}: ingest events first; impressions then refer to their users and goods"
        )
    reading = open_source(con, source, store, first_ds, last_ds)
    create_store_days(con, store)
    sql_files.run(con, "transforms/content_hash")
    days = {"first_ds": first_ds, "last_ds": last_ds}
    reading.into(con, "day_events", sql_files.read("transforms/cleaned_impressions"), **days)
    reading.check_id_types(con, "day_events")
    refuse_forgotten(warehouse)
    sql_files.run(con, "transforms/kept_events")
    sql_files.run(con, "transforms/day_counts_of_impressions")
    loss_guard = create_loss_guard(warehouse, source, (first_ds, last_ds), accepted, is_named=False)
    taken, fingerprint = loss_guard.take(first_ds, last_ds, with_undated=True), impressions_fingerprint(source)
    with warehouse.transaction():
        register(warehouse, source)
        sql_files.run(con, "transforms/new_entities")
        warehouse.run("ledger/clear_impressions", source=source.name, days=taken)
        write_impressions(warehouse, source)
        warehouse.run(
            "ledger/count_impressions",
            asset=source.asset,
            **fingerprint.ledger,
            run_id=warehouse.run_id,
            started_at=started_at,
            now=warehouse.clock(),
        )
        loss_guard.note(taken, fingerprint.hash)
        loss_guard.close()
        record_skipped(warehouse, source)
        warehouse.end_run("done")
    con.execute("drop table day_events cascade")
    return ingest_result(warehouse, reading, loss_guard)


def impressions_fingerprint(source: Source) -> Fingerprint:
    """What the impressions of a source are made of, beside what the source gives: its query, and the SQL."""
    return fingerprint({"query": source.query, "sql": sql_texts("transforms/cleaned_impressions")})


def write_impressions(warehouse: Warehouse, source: Source) -> None:
    """One lake file a day, by user, time and goods."""
    frame = pl.DataFrame(sql_files.arrow(warehouse.con, "transforms/keyed_impressions"))
    for (ds,), day in frame.partition_by("event_ds", as_dict=True, maintain_order=True).items():
        warehouse.name_files(source.asset, [ds], [lake.write(warehouse.store, day, source.asset, ds)])
    refused = pl.DataFrame(sql_files.arrow(warehouse.con, "transforms/refused_impressions"))
    for (ds,), day in refused.partition_by("ds", as_dict=True, maintain_order=True).items():
        asset = f"quarantine.{source.name}"
        warehouse.name_files(asset, [ds], [lake.write(warehouse.store, day.drop("ds"), asset, ds)])
