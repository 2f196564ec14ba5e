"""Ids and the dense keys they were given: the tables of entities, and the types that ids have in this store."""

import duckdb

from features import assembled, database, statements
from features.errors import FeatureError

ID_OF = {"users": "user_id", "goods": "goods_id", "shops": "shop_id"}


def has_entities(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether any event was read: a first read that failed leaves empty tables."""
    return database.has_table(con, "entities", "users") and any(
        holds(con, f"entities.{table}", column) for table, column in ID_OF.items()
    )


def make_entities(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables of ids where there are none, with the types that ids have in day_events."""
    statements.run(con, "schema/entities")


def check_id_types(con: duckdb.DuckDBPyConnection, rows: str, *tables: str) -> None:
    """Ids keep the type the store first met. Raises FeatureError where `rows`, a table, has another type of id.

    A column with nothing in it takes the store's type; where the store has nothing yet, it takes the column's.
    """
    for table in tables:
        column = ID_OF[table]
        kept, given = type_of(con, table, column), type_of(con, rows, column)
        if kept == given:
            continue
        if not holds(con, rows, column):
            con.execute(assembled.give_type(rows, column, kept))
        elif holds(con, f"entities.{table}", column):
            raise FeatureError(
                f"{column} is {given} here and {kept} in what the store already holds; "
                f"map it in the source query with `cast({column} as {kept})`"
            )
        else:
            con.execute(assembled.give_type(f"entities.{table}", column, given))


def type_of(con: duckdb.DuckDBPyConnection, table: str, column: str) -> str:
    found = con.execute(
        "select data_type from duckdb_columns() where table_name = $table and column_name = $column",
        {"table": table, "column": column},
    ).fetchall()
    return found[0][0]


def holds(con: duckdb.DuckDBPyConnection, table: str, column: str) -> bool:
    """Whether there is any value in the column."""
    return bool(con.execute(assembled.holds(table, column)).fetchall())
