"""Ids and the dense keys they were given: the tables of entities, and the types that ids have in this store."""

import duckdb

from features.ingest.columns.source_schema import CONTRACTS, Column
from features.store import duckdb_connection, sql_builder, sql_files

ENTITY_TABLES = {"user_id": "users", "goods_id": "goods", "shop_id": "shops"}


def has_entities(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether any event was read: a first read that failed leaves empty tables."""
    return duckdb_connection.has_table(con, "entities", "users") and any(
        has_values(con, f"entities.{table}", column) for column, table in ENTITY_TABLES.items()
    )


def create_entity_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables of ids where there are none, with the types that ids have in day_events."""
    sql_files.run(con, "schema/entities")


def id_columns(kind: str) -> list[Column]:
    """Return the columns of ids of a kind of source."""
    return [column for column in CONTRACTS[kind] if column.is_id]


def fix_id_type(con: duckdb.DuckDBPyConnection, rows: str, column: str) -> tuple[str, str] | None:
    """Bring the ids of `rows`, a table, to the type of the store's. Return both types where they differ.

    A column with nothing in it takes the store's type; where the store has nothing yet, it takes the column's.
    """
    table = ENTITY_TABLES[column]
    kept, given = id_type_of(con, table, column), id_type_of(con, rows, column)
    if kept == given:
        return None
    if not has_values(con, rows, column):
        con.execute(sql_builder.give_type(rows, column, kept))
    elif has_values(con, f"entities.{table}", column):
        return given, kept
    else:
        con.execute(sql_builder.give_type(f"entities.{table}", column, given))
    return None


def stored_type(con: duckdb.DuckDBPyConnection, column: str) -> str | None:
    """Return the type of the ids that the store holds, None where it holds none."""
    table = ENTITY_TABLES[column]
    has_any = duckdb_connection.has_table(con, "entities", table) and has_values(con, f"entities.{table}", column)
    return id_type_of(con, table, column) if has_any else None


def id_with_zeros(con: duckdb.DuckDBPyConnection, column: str) -> str | None:
    """Return an id of the store, a text, that is a number with zeros in front."""
    found = con.execute(sql_builder.id_with_zeros(f"entities.{ENTITY_TABLES[column]}", column)).fetchall()
    return found[0][0]


def id_type_of(con: duckdb.DuckDBPyConnection, table: str, column: str) -> str:
    found = con.execute(
        "select data_type from duckdb_columns() where table_name = $table and column_name = $column",
        {"table": table, "column": column},
    ).fetchall()
    return found[0][0]


def has_values(con: duckdb.DuckDBPyConnection, table: str, column: str) -> bool:
    """Whether there is any value in the column."""
    return bool(con.execute(sql_builder.has_values(table, column)).fetchall())
