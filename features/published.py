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


@dataclass(frozen=True)
class Reader:
    """An open published file, read-only."""

    con: duckdb.DuckDBPyConnection

    def ask(self, query: str, values: dict[str, Any] | None = None) -> Answer:
        return ask(self.con, query, values)

    def user(self, text: str) -> Any:
        """The user_id a person typed, with the type ids have here. Raises FeatureError where nobody is called so."""
        return self.id_named("latest_rankings", "user_id", text, "is not in the newest ranking")

    def goods(self, text: str) -> Any:
        """The goods_id that a person typed. Raises FeatureError where nothing is called so."""
        return self.id_named("goods", "goods_id", text, "is not a goods of this store")

    def first_goods(self, who: Any) -> Any:
        """The goods ranked first for a user in the newest night."""
        return self.ask("select goods_id from latest_rankings where user_id = $who and rank = 1", {"who": who}).rows[0][
            0
        ]

    def id_named(self, relation: str, column: str, text: str, otherwise: str) -> Any:
        named = self.ask(f"select {column} from {relation} where {column}::varchar = $text limit 1", {"text": text})
        if not named.rows:
            some = self.ask(f"select distinct {column} from {relation} order by {column} limit 3")
            known = ", ".join(str(row[0]) for row in some.rows)
            raise FeatureError(f"{column} {text} {otherwise}; there are, for example: {known}")
        return named.rows[0][0]


@contextmanager
def reading(store: Store) -> Iterator[Reader]:
    """Opens the published file. Raises FeatureError where nothing is published yet."""
    if not store.published.exists():
        raise FeatureError(f"{store.published}: nothing is published yet; rank a night first: nightrank nightly")
    with database.connect_read_only(store.published) as con:
        yield Reader(con)


def ask(con: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any] | None = None) -> Answer:
    """Runs one query. Raises FeatureError where it does not run."""
    try:
        result = con.execute(query, values or {})
        return Answer([column[0] for column in result.description or []], result.fetchall())
    except duckdb.Error as error:
        raise FeatureError(str(error)) from error
