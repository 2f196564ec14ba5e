"""published.duckdb -> answers: what people ask of the rankings, read-only, while the night may be writing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from features.errors import BusyError, FeatureError, NewerFileError
from features.store import duckdb_connection, sql_builder, sql_files
from features.store.store import Store
from features.store.typed_ids import texts_of_id

MAX_ROWS = 1_000_000  # of nine columns: 0.6 GB
EXAMPLE = 'ask, for example: nightrank sql "from latest_rankings"'


@dataclass(frozen=True)
class Answer:
    """Rows of a query, and the names of their columns."""

    columns: list[str]
    rows: list[tuple]

    def records(self) -> list[dict[str, Any]]:
        """The rows by name; a name that comes again gets a number, as in `rank`, `rank_1`, and no column is lost."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]

    @property
    def names(self) -> list[str]:
        """The names of the columns, each once."""
        return dedupe_names(self.columns)


@dataclass(frozen=True)
class Reader:
    """An open published file, read-only."""

    con: duckdb.DuckDBPyConnection
    store: Store

    def ask(self, query: str) -> Answer:
        """Answers a query of a person's own. Raises FeatureError where it is anything but one select."""
        require_single_select(self.con, query)
        return run_question(self.con, query)

    def show(self, name: str, **values: Any) -> Answer:
        """Answers a file of sql/show."""
        return run_question(self.con, sql_files.read(f"show/{name}"), values)

    def page(self, name: str, **values: Any) -> Answer:
        """Answers a file of sql/report, with those of the values that it names."""
        query = sql_files.read(f"report/{name}")
        [statement] = duckdb.extract_statements(query)
        return run_question(self.con, query, {key: values[key] for key in statement.named_parameters})

    def night(self, ds: date | None = None) -> date:
        """The newest night, or one that is asked for. Raises FeatureError where it is not in the file."""
        nights = [night for (night,) in self.show("ranked_nights").rows]
        if not nights or ds not in (None, *nights):
            held = f"it holds {len(nights)} nights, {nights[-1]} to {nights[0]}" if nights else "it holds none"
            raise FeatureError(f"{self.store.published}: {ds or 'no night'} is not in it; {held}")
        return ds or nights[0]

    def user(self, text: str, night: date | None = None) -> Any:
        """The user_id a person typed, with the type ids have here. Raises FeatureError where nobody of that name was
        ranked in the night, the newest if left out."""
        which = f"the ranking of {night}" if night else "the newest ranking"
        return self.id_named("user", text, f"is not in {which}", night=self.night(night))

    def goods(self, text: str) -> Any:
        """The goods_id that a person typed. Raises FeatureError where nothing is called so."""
        return self.id_named("goods", text, "is not a goods of this store")

    def first_goods(self, who: Any, night: date | None = None) -> Any:
        """The goods ranked first for a user in a night, the newest if left out."""
        return self.show("first_goods", night=self.night(night), who=who).rows[0][0]

    def name_of(self, what: Any) -> str | None:
        """The name of a goods, where the catalogue has one."""
        return next((name for (name,) in self.show("goods_name", what=what).rows), None)

    def id_named(self, what: str, text: str, otherwise: str, **within: Any) -> Any:
        named = self.show(f"{what}_named", texts=texts_of_id(text), **within)
        if not named.rows:
            known = ", ".join(str(row[0]) for row in self.show(f"some_{what}", **within).rows)
            raise FeatureError(f"{what}_id {text} {otherwise}; there are, for example: {known}")
        return named.rows[0][0]


@contextmanager
def open_published(store: Store) -> Iterator[Reader]:
    """Opens the published file. Raises FeatureError where nothing is published yet, or the file is damaged, and
    BusyError where somebody opened it to write."""
    if not store.published.exists():
        rank = store.command("nightly")
        raise FeatureError(f"{store.published}: nothing is published yet; rank a night first: {rank}")
    try:
        con = duckdb_connection.connect_read_only(store.published, store.config)
    except (BusyError, NewerFileError):
        raise
    except FeatureError as error:
        raise FeatureError(
            f"{error}: the earlier ones are in {store.releases}, and the next night publishes another"
        ) from error
    with con:
        yield Reader(con, store)


def run_question(con: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any] | None = None) -> Answer:
    """Runs one query. Raises FeatureError where it does not run.

    In a thread of its own, so that Ctrl-C is heard at once: DuckDB with several threads hears it when it is done.
    """
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(fetch_answer, con, query, values or {})
        try:
            return asked.result()
        except duckdb.Error as error:
            raise FeatureError(str(error)) from error
        except KeyboardInterrupt:
            con.interrupt()
            raise


def fetch_answer(con: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> Answer:
    result = con.execute(query, values)
    rows = result.fetchmany(MAX_ROWS + 1)
    if len(rows) > MAX_ROWS:
        raise FeatureError(
            f"the answer has more than {MAX_ROWS} rows; add a limit, or write it to a file in the DuckDB shell: "
            "duckdb -readonly published.duckdb"
        )
    return Answer([column[0] for column in result.description or []], rows)


def require_single_select(con: duckdb.DuckDBPyConnection, query: str) -> None:
    """Raises FeatureError where a person's query is anything but one select.

    A connection that is shut in still lets `copy` write over the file it has open, and into its temporary folder; and
    one that is not reads files for `import database` while it parses.
    """
    try:
        parsed = con.extract_statements(query)
    except duckdb.Error as error:
        raise FeatureError(str(error)) from error
    said = [statement for statement in parsed if statement.query]
    if not parsed:
        raise FeatureError(f"there is no query in this; {EXAMPLE}")
    if len(said) > 1:
        raise FeatureError(f"these are {len(said)} statements; ask one at a time")
    if not (is_pivot(con, parsed) or [sql_files.kind_of(statement) for statement in parsed] == ["SELECT"]):
        raise FeatureError(f"only a select is a question, and nothing else is done here; {EXAMPLE}")


def is_pivot(con: duckdb.DuckDBPyConnection, parsed: list[duckdb.Statement]) -> bool:
    """Whether these are a select with a pivot whose columns come from its rows, and no other statement with one.

    DuckDB 1.5 takes it apart: a statement without a text for the type of each column, then the select. For 2.0
    it is one statement of many, as is `copy` of a pivot: only a select can stand within another.
    """
    *types, last = [(sql_files.kind_of(statement), statement.query) for statement in parsed]
    if not types and last[0] == "MULTI":
        try:
            return len(con.extract_statements(sql_builder.as_subquery(sql_files.without_semicolon(last[1])))) == 1
        except duckdb.Error:
            return False
    return bool(types) and last[0] == "SELECT" and all(one == ("CREATE", "") for one in types)


def dedupe_names(columns: list[str]) -> list[str]:
    """The names of columns, those that come again with the first number that makes them new."""
    names: list[str] = []
    taken = set(columns)
    for column in columns:
        name = column
        if column in names:
            name = next(f"{column}_{n}" for n in range(1, len(columns) + 1) if f"{column}_{n}" not in taken)
        names.append(name)
        taken.add(name)
    return names
