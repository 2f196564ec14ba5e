"""The columns of a source query -> one error that names each column that breaks the contract, and what to type."""

import duckdb

from features.errors import FeatureError
from features.ingest import entity_keys
from features.ingest.columns.remedies import BrokenColumn, SourceColumn, missing_column_remedy, remedy
from features.ingest.columns.source_schema import Column, broken_columns, is_nullable
from features.ingest.columns.uuid_spelling import check_uuids

LARGEST = 2**63 - 1
EXPECTED = "expected an integer below 2^63 or text"


def check_columns(con: duckdb.DuckDBPyConnection, given: SourceColumn) -> None:
    """Raise FeatureError with every column that is missing or of another type, before a row is kept."""
    lines = [describe_column(con, given, column) for column in broken_columns(given.kind, given.types)]
    for column in entity_keys.id_columns(given.kind):
        if given.types.get(column.name) == "UBIGINT" and given.ask(f"coalesce(max({column.name}), 0) > {LARGEST}")[0]:
            said = remedy(broken_column_of(con, given, column))
            lines.append(f"  {column.name} is UBIGINT and holds numbers of 2^63 and more, {EXPECTED}; {said}")
    if lines:
        raise FeatureError(
            f"source {given.source}: {len(lines)} column(s) of the query break the contract (docs/sources.md)\n"
            + "\n".join(lines)
        )


def describe_column(con: duckdb.DuckDBPyConnection, given: SourceColumn, column: Column) -> str:
    """Return what is wrong with a column, and what to type."""
    found = given.types.get(column.name, "missing")
    if column.name in given.types:
        said = remedy(broken_column_of(con, given, column))
    else:
        said = missing_column_remedy(column, is_nullable(column, given.kind, given.types))
    return f"  {column.name} is {found}, expected {column.expected}; {said}"


def broken_column_of(con: duckdb.DuckDBPyConnection, given: SourceColumn, column: Column) -> BrokenColumn:
    """Return a column with what is needed to say what to type."""
    kept = entity_keys.stored_type(con, column.name) if column.is_id else None
    zeros = entity_keys.id_with_zeros(con, column.name) if kept == "VARCHAR" else None
    return BrokenColumn(column, given, kept, is_nullable(column, given.kind, given.types), zeros)


def check_id_types(con: duckdb.DuckDBPyConnection, rows: str, given: SourceColumn) -> None:
    """Ids keep the type the store first met. Raise FeatureError where `rows`, a table, has ids of another type, or
    UUIDs that the store has in other letters.

    A column with nothing in it takes the store's type; where the store has nothing yet, it takes the column's.
    """
    for column in entity_keys.id_columns(given.kind):
        drift = entity_keys.fix_id_type(con, rows, column.name)
        if drift:
            said = remedy(broken_column_of(con, given, column))
            raise FeatureError(
                f"source {given.source}: {column.name} is {drift[0]} here and {drift[1]} in what the store already "
                f"holds; {said}"
            )
        check_uuids(con, rows, column.name, given.source, given.types.get(column.name, "NULL"))
