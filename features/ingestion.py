"""Source rows -> events: cleaned, given keys, one lake file a day; what is refused is kept aside with its reason."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from features import lake, statements
from features.errors import FeatureError
from features.sources import Source, read_source
from features.warehouse import Warehouse

NO_DAY = date(1970, 1, 1)  # where the counts of rows without a usable event_ts go
FIRST_DAY = date(1990, 1, 1)
COUNT_DAYS = """
    insert or replace into ops.intervals
    select $asset, day.ds, 'done', $fingerprint, $run_id, day.rows_in, day.rows, day.duplicates, day.quarantined,
        day.watermark, $started_at, $now, null
    from (
        select
            coalesce(ds, date '1970-01-01') as ds,
            count(*) as rows_in,
            count(*) filter (where refused is null and not duplicate) as rows,
            count(*) filter (where duplicate) as duplicates,
            count(*) filter (where refused is not null) as quarantined,
            max(event_ts) filter (where refused is null) as watermark
        from day_events
        group by all
    ) as day
"""
SAME_TYPE = {"users": "user_id", "goods": "goods_id", "shops": "shop_id"}


@dataclass(frozen=True)
class Ingested:
    """What became of the rows of a source: rows_in = rows + duplicates + quarantined."""

    source: str
    days: int
    rows_in: int
    rows: int
    duplicates: int
    quarantined: int


def ingest_events(warehouse: Warehouse, source: Source, first_ds: date, last_ds: date) -> Ingested:
    """Reads the days of a source, both included, in place of what it gave for them before.

    Entities, files, counts and ledger rows come true in one transaction.
    """
    con, store = warehouse.con, warehouse.store
    started_at = warehouse.clock()
    read_source(con, source, store.day_start(first_ds), store.day_end(last_ds))
    check_id_types(con)
    statements.run(con, "transforms/cleaned_events")
    con.execute(
        "create or replace temp table day_events as"
        " select * replace (case when ds between $first_ds and $last_ds then ds end as ds)"
        " from cleaned_events($timezone)"
        " where ds between $first_ds and $last_ds or refused is not null",
        {"timezone": store.config.timezone, "first_ds": first_ds, "last_ds": last_ds},
    )
    con.execute("drop table source_events")
    con.execute("create or replace temp view kept_events as from day_events where refused is null and not duplicate")
    with warehouse.transaction():
        register(warehouse, source)
        statements.run(con, "transforms/new_entities")
        clear_days(warehouse, source, first_ds, last_ds)
        write_days(warehouse, source.asset, con.sql(statements.read("transforms/keyed_events")).pl())
        refused = con.sql("select * replace (coalesce(ds, date '1970-01-01') as ds) from day_events where refused is not null")
        write_days(warehouse, f"quarantine.{source.name}", refused.pl())
        con.execute(
            COUNT_DAYS,
            {
                "asset": source.asset,
                "fingerprint": statements.fingerprint(source.query, statements.read("transforms/cleaned_events")),
                "run_id": warehouse.run_id,
                "started_at": started_at,
                "now": warehouse.clock(),
            },
        )
        # A day that was asked for and gave nothing is a day that was read: it counts as done, with no rows.
        con.execute(
            "insert or ignore into ops.intervals by name select $asset as asset, $last_ds as ds, 'done' as status,"
            " '' as fingerprint, $run_id as run_id, 0 as rows_in, 0 as rows, 0 as duplicates, 0 as quarantined,"
            " $started_at as started_at, $started_at as finished_at",
            {"asset": source.asset, "last_ds": last_ds, "run_id": warehouse.run_id, "started_at": started_at},
        )
    counts = con.execute(
        "select count(distinct ds), count(*), count(*) filter (where refused is null and not duplicate),"
        " count(*) filter (where duplicate), count(*) filter (where refused is not null) from day_events"
    ).fetchall()[0]
    con.execute("drop view kept_events")
    con.execute("drop table day_events")
    return Ingested(source.name, *counts)


def ingest_goods(warehouse: Warehouse, source: Source) -> Ingested:
    """Reads a goods catalogue, row by row in place of what was known of the same goods."""
    con, store = warehouse.con, warehouse.store
    if not has_entities(con):
        raise FeatureError(f"source {source.name}: ingest events first; the catalogue then names their goods")
    read_source(con, source, store.day_start(FIRST_DAY), store.day_end(FIRST_DAY))
    with warehouse.transaction():
        register(warehouse, source)
        statements.run(con, "transforms/catalogue")
    rows = warehouse.one("select count(*) from source_goods")
    con.execute("drop table source_goods")
    return Ingested(source.name, 0, rows, rows, 0, 0)


def register(warehouse: Warehouse, source: Source) -> None:
    warehouse.con.execute(
        "insert or replace into ops.sources values ($name, $kind, $query, $path, $now)",
        {**vars(source), "now": warehouse.clock()},
    )


def registered_sources(warehouse: Warehouse, kind: str) -> list[Source]:
    """The sources this store has read before, so that a night can read on."""
    found = warehouse.rows(
        "select source, kind, query, path from ops.sources where kind = $kind order by source", {"kind": kind}
    )
    return [Source(*row) for row in found]


def known_path(warehouse: Warehouse, named: str) -> str | None:
    """The path a source was read from last time, None where it is new."""
    return warehouse.one("select path from ops.sources where source = $name", {"name": Path(named).stem})


def last_day_read(warehouse: Warehouse, source: Source) -> date | None:
    return warehouse.one("select max(ds) from ops.intervals where asset = $asset", {"asset": source.asset})


def event_days(warehouse: Warehouse) -> tuple[date, date] | None:
    """The first and the last day with events, None where there is none."""
    [(first, last)] = warehouse.rows("select min(ds), max(ds) from ops.files where asset like 'events.%'")
    return (first, last) if first else None


def has_entities(con: duckdb.DuckDBPyConnection) -> bool:
    found = con.execute("select count(*) from duckdb_tables() where schema_name = 'entities'").fetchall()
    return found[0][0] > 0


def check_id_types(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables of ids where there are none. Ids keep the type the store first met; another type is an error."""
    statements.run(con, "schema/entities")
    for table, column in SAME_TYPE.items():
        types = con.execute(
            "select table_name, data_type from duckdb_columns()"
            " where column_name = $column and table_name in ($table, 'source_events')",
            {"column": column, "table": table},
        ).fetchall()
        kinds = dict(types)
        if kinds[table] == kinds["source_events"]:
            continue
        if con.execute(f"select count(*) from entities.{table}").fetchall()[0][0]:
            raise FeatureError(
                f"{column} is {kinds['source_events']} here and {kinds[table]} in what the store already holds; "
                f"map it in the source query with `cast({column} as {kinds[table]})`"
            )
        if con.execute(f"select count({column}) from source_events").fetchall()[0][0]:
            con.execute(f"drop table entities.{table}")
            statements.run(con, "schema/entities")


def clear_days(warehouse: Warehouse, source: Source, first_ds: date, last_ds: date) -> None:
    """Forgets what the source gave for these days before."""
    for table in ("ops.files", "ops.intervals"):
        warehouse.con.execute(
            f"delete from {table} where asset in ($events, $quarantine)"
            " and (ds between $first_ds and $last_ds or ds = date '1970-01-01')",
            {
                "events": source.asset,
                "quarantine": f"quarantine.{source.name}",
                "first_ds": first_ds,
                "last_ds": last_ds,
            },
        )


def write_days(warehouse: Warehouse, asset: str, frame: pl.DataFrame) -> None:
    """One lake file for each day of the frame, named in the ledger."""
    for (ds,), day in frame.partition_by("ds", as_dict=True, maintain_order=True).items():
        warehouse.name_files(asset, ds, [lake.write(warehouse.store, day.drop("ds"), asset, ds)])
