"""The columns of a source query -> one error that names each column that breaks the contract, and what to type."""

import duckdb

from features import entities
from features.contract import Column, broken_columns, is_nullable
from features.errors import FeatureError
from features.remedies import Ask, Broken, missing, remedy
from features.uuids import check_uuids

LARGEST = 2**63 - 1
EXPECTED = "expected an integer below 2^63 or text"


def check_columns(con: duckdb.DuckDBPyConnection, source: str, kind: str, given: dict[str, str], ask: Ask) -> None:
    """Raise FeatureError with every column that is missing or of another type, before a row is kept."""
    lines = [line(con, source, kind, column, given, ask) for column in broken_columns(kind, given)]
    for column in entities.id_columns(kind):
        if given.get(column.name) == "UBIGINT" and ask(f"coalesce(max({column.name}), 0) > {LARGEST}")[0]:
            said = remedy(broken_of(con, source, kind, column, given, ask))
            lines.append(f"  {column.name} is UBIGINT and holds numbers of 2^63 and more, {EXPECTED}; {said}")
    if lines:
        raise FeatureError(
            f"source {source}: {len(lines)} column(s) of the query break the contract (docs/sources.md)\n"
            + "\n".join(lines)
        )


def line(
    con: duckdb.DuckDBPyConnection, source: str, kind: str, column: Column, given: dict[str, str], ask: Ask
) -> str:
    """Return what is wrong with a column, and what to type."""
    found = given.get(column.name, "missing")
    if column.name in given:
        said = remedy(broken_of(con, source, kind, column, given, ask))
    else:
        said = missing(column, is_nullable(column, kind, given))
    return f"  {column.name} is {found}, expected {column.expected}; {said}"


def broken_of(
    con: duckdb.DuckDBPyConnection, source: str, kind: str, column: Column, given: dict[str, str], ask: Ask
) -> Broken:
    """Return a column with what is needed to say what to type."""
    kept = entities.kept_type(con, column.name) if column.is_id else None
    zeros = entities.id_with_zeros(con, column.name) if kept == "VARCHAR" else None
    nullable = is_nullable(column, kind, given)
    return Broken(column, given[column.name], f"{source}.sql", ask, kept, nullable, zeros)


def check_id_types(
    con: duckdb.DuckDBPyConnection, rows: str, source: str, kind: str, given: dict[str, str], ask: Ask
) -> None:
    """Ids keep the type the store first met. Raise FeatureError where `rows`, a table, has another type of id.

    A column with nothing in it takes the store's type; where the store has nothing yet, it takes the column's.
    """
    for column in entities.id_columns(kind):
        drift = entities.settle_type(con, rows, column.name)
        if drift:
            said = remedy(broken_of(con, source, kind, column, given, ask))
            raise FeatureError(
                f"source {source}: {column.name} is {drift[0]} here and {drift[1]} in what the store already holds; "
                f"{said}"
            )
        check_uuids(con, rows, column.name, source, given.get(column.name, "NULL"))
