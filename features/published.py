"""published.duckdb -> answers: what people ask of the rankings, read-only, while the night may be writing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from features import database
from features.errors import FeatureError
from features.store import Store


@dataclass(frozen=True)
class Answer:
    """Rows of a query, and the names of their columns."""

    columns: list[str]
    rows: list[tuple]

    def records(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@contextmanager
def reading(store: Store) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens the published file. Raises FeatureError where nothing is published yet."""
    if not store.published.exists():
        raise FeatureError(f"{store.published}: nothing is published yet; rank a night first: nightrank nightly")
    with database.connect_read_only(store.published) as con:
        yield con


def ask(con: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any] | None = None) -> Answer:
    """Runs one query. Raises FeatureError where it does not run."""
    try:
        result = con.execute(query, values or {})
        return Answer([column[0] for column in result.description or []], result.fetchall())
    except duckdb.Error as error:
        raise FeatureError(str(error)) from error


def user_named(con: duckdb.DuckDBPyConnection, text: str) -> Any:
    """The user_id that a person typed, with the type ids have here. Raises FeatureError where nobody is called so."""
    return id_named(con, "rankings", "user_id", text, "is not in the published rankings")


def goods_named(con: duckdb.DuckDBPyConnection, text: str) -> Any:
    return id_named(con, "goods", "goods_id", text, "is not a goods of this store")


def id_named(con: duckdb.DuckDBPyConnection, relation: str, column: str, text: str, otherwise: str) -> Any:
    found = con.execute(
        f"select {column} from {relation} where cast({column} as varchar) = $text limit 1", {"text": text}
    ).fetchall()
    if not found:
        some = con.execute(f"select distinct {column} from {relation} order by {column} limit 3").fetchall()
        known = ", ".join(str(row[0]) for row in some)
        raise FeatureError(f"{column} {text} {otherwise}; there are, for example: {known}")
    return found[0][0]
