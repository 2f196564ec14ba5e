"""Source rows -> events: cleaned, given keys, one lake file a day; what is refused is kept aside with its reason."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from features import lake, statements
from features.errors import FeatureError
from features.sources import CONTRACTS, Source, read_source
from features.warehouse import Warehouse

FIRST_DAY = date(1990, 1, 1)
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
    days = {"first_ds": first_ds, "last_ds": last_ds}
    warehouse.run("transforms/day_events", timezone=store.config.timezone, **days)
    con.execute("drop table source_events")
    with warehouse.transaction():
        register(warehouse, source)
        statements.run(con, "transforms/new_entities")
        warehouse.run("ledger/clear_source_days", source=source.name, **days)
        write_days(warehouse, source.asset, "transforms/keyed_events")
        write_days(warehouse, f"quarantine.{source.name}", "transforms/refused_events")
        warehouse.run(
            "ledger/count_source_days",
            asset=source.asset,
            fingerprint=statements.fingerprint(source.query, statements.read("transforms/cleaned_events")),
            run_id=warehouse.run_id,
            started_at=started_at,
            now=warehouse.clock(),
        )
    [counts] = warehouse.run("transforms/day_counts")
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
    [(rows,)] = con.execute("select count(*) from source_goods").fetchall()
    con.execute("drop table source_goods")
    return Ingested(source.name, 0, rows, rows, 0, 0)


def register(warehouse: Warehouse, source: Source) -> None:
    warehouse.run("ledger/register_source", **vars(source), now=warehouse.clock())


def registered_sources(warehouse: Warehouse, kind: str) -> list[Source]:
    """The sources this store has read before, so that a night can read on."""
    return [Source(*row) for row in warehouse.run("ledger/sources", kind=kind)]


def known_path(warehouse: Warehouse, named: str) -> str | None:
    """The path a source was read from last time, None where it is new."""
    known = {source.name: source.path for kind in CONTRACTS for source in registered_sources(warehouse, kind)}
    return known.get(Path(named).stem)


def last_day_read(warehouse: Warehouse, source: Source) -> date | None:
    return warehouse.one("ledger/last_day_read", asset=source.asset)


def event_days(warehouse: Warehouse) -> tuple[date, date] | None:
    """The first and the last day with events, None where there is none."""
    [(first, last)] = warehouse.run("ledger/event_days")
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


def write_days(warehouse: Warehouse, asset: str, statement: str) -> None:
    """One lake file for each day of the statement's rows, named in the ledger."""
    frame = pl.DataFrame(statements.run(warehouse.con, statement).to_arrow_table())
    for (ds,), day in frame.partition_by("ds", as_dict=True, maintain_order=True).items():
        warehouse.name_files(asset, ds, [lake.write(warehouse.store, day.drop("ds"), asset, ds)])
