"""A source query, written by a person -> rows with the columns of the contract, their types checked before a row is
read. The one file that assembles SQL text: around the person's own query."""

import re
from dataclasses import dataclass
from datetime import datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import duckdb

from features import statements
from features.errors import FeatureError

IDS = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT)|VARCHAR|UUID|NULL")
INTEGERS = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT)")
TIMES = re.compile(r"TIMESTAMP.*|DATE")
NUMBERS = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL.*")
FLOATS = re.compile(r"FLOAT|DOUBLE")
ANYTHING = re.compile(r".*", re.DOTALL)
TEXT = re.compile(r"VARCHAR|ENUM.*")
TRUTH = re.compile(r"BOOLEAN")
LABELS = re.compile(r"BOOLEAN|U?(TINYINT|SMALLINT|INTEGER|BIGINT)")
DAYS_BY = re.compile(r"^-- days by (\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class Column:
    """A column of the contract: the types it may come with, in words, and what it is cast to (None: an id)."""

    name: str
    accepts: re.Pattern[str]
    expected: str
    cast: str | None
    required: bool


ID = (IDS, "an integer or text", None)
TIME = (TIMES, "TIMESTAMP", "timestamp")
EVENTS = (
    Column("user_id", *ID, required=True),
    Column("goods_id", *ID, required=True),
    Column("shop_id", *ID, required=True),
    Column("event_type", TEXT, "text", "varchar", required=True),
    Column("event_ts", *TIME, required=True),
    Column("event_id", ANYTHING, "anything", "varchar", required=False),
    Column("known_at", *TIME, required=False),
    Column("weight", NUMBERS, "a number", "double", required=False),
    Column("cat_id", ANYTHING, "anything", "varchar", required=False),
)
GOODS = (
    Column("goods_id", *ID, required=True),
    Column("shop_id", *ID, required=False),
    Column("cat_id", ANYTHING, "anything", "varchar", required=False),
    Column("name", TEXT, "text", "varchar", required=False),
    Column("active", TRUTH, "BOOLEAN", "boolean", required=False),
)
IMPRESSIONS = (
    Column("user_id", *ID, required=True),
    Column("goods_id", *ID, required=True),
    Column("shop_id", *ID, required=False),
    Column("event_ts", *TIME, required=True),
    Column("label", LABELS, "0 or 1", "boolean", required=True),
)
CONTRACTS = {"events": EVENTS, "goods": GOODS, "impressions": IMPRESSIONS}


@dataclass(frozen=True)
class Source:
    """A source: its name, what it gives (events, impressions or goods), its query, and what `$path` in the query
    stands for."""

    name: str
    kind: str
    query: str
    path: str | None

    @property
    def asset(self) -> str:
        return f"{self.kind}.{self.name}"

    @property
    def days_by(self) -> str:
        """The column whose day a row is read under: event_ts, or known_at where the query says `-- days by known_at`.

        A source read by the day it learned of its events brings late ones by itself.
        """
        said = DAYS_BY.search(self.query)
        named = said[1] if said else "event_ts"
        if named not in ("event_ts", "known_at"):
            raise FeatureError(f"source {self.name}: `-- days by {named}`: days go by event_ts or by known_at")
        return named


def find_source(named: str, kind: str, path: str | None) -> Source:
    """The source a person named: a .sql file of their own, or one of sql/sources by its name."""
    own = Path(named)
    query: Path | Traversable = own
    if own.suffix != ".sql":
        query = statements.folder("sources").joinpath(f"{named}.sql")
    if not query.is_file():
        known = ", ".join(statements.names("sources"))
        raise FeatureError(f"{named}: no such source query; name a .sql file, or one of: {known}")
    name = own.stem
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise FeatureError(
            f"{named}: name the file with letters, digits, _ and - alone, since the source is called after it"
        )
    return Source(name, kind, query.read_text(encoding="utf-8"), path)


@dataclass(frozen=True)
class Reading:
    """A source query whose columns are checked: its rows, cast to the contract, as a select to put in another."""

    source: Source
    rows: str
    columns: set[str]
    values: dict[str, Any]

    def into(self, con: duckdb.DuckDBPyConnection, table: str, select: str, **values: Any) -> None:
        """Makes a temporary table of `select`, which reads the rows as `source_<kind>`; `values` are its parameters,
        and those of the source query that differ from before. Raises FeatureError where the source cannot be read."""
        rows = f"with source_{self.source.kind} as ({self.rows})"
        statement = f"create or replace temp table {table} as\n{rows}\nfrom ({select}\n)"
        run_query(con, self.source, statement, {**self.values, **values})


def open_source(con: duckdb.DuckDBPyConnection, source: Source, day_start: datetime, day_end: datetime) -> Reading:
    """Checks the columns of a source query before a row is read.

    Raises FeatureError where the query or its file cannot be read, or where columns break the contract: one error
    that names every column that is wrong.
    """
    values = bound(source, {"path": source.path, "day_start": day_start, "day_end": day_end})
    described = run_query(con, source, f"describe {source.query}", values)
    given = {name: kind for name, kind, *_ in described}
    check_contract(source, given)
    columns = ",\n".join(expression(column, given) for column in CONTRACTS[source.kind])
    return Reading(source, f"select {columns} from ({source.query}\n) as given", set(given), values)


def run_query(con: duckdb.DuckDBPyConnection, source: Source, query: str, values: dict[str, Any]) -> list[tuple]:
    named = {name for statement in duckdb.extract_statements(query) for name in statement.named_parameters}
    try:
        return con.execute(query, {name: value for name, value in values.items() if name in named}).fetchall()
    except duckdb.IOException as error:
        raise FeatureError(f"source {source.name}: {first_line(error)}; say where the file is with --path") from error
    except duckdb.Error as error:
        raise FeatureError(f"source {source.name}: the query does not run: {first_line(error)}") from error


def bound(source: Source, available: dict[str, Any]) -> dict[str, Any]:
    """The values of the parameters that the query names."""
    try:
        parsed = duckdb.extract_statements(source.query)
    except duckdb.ParserException as error:
        raise FeatureError(
            f"source {source.name}: the query is not SQL that DuckDB reads: {first_line(error)}"
        ) from error
    if len(parsed) != 1 or parsed[0].type != duckdb.StatementType.SELECT:
        raise FeatureError(f"source {source.name}: a source query is one select, and this file is not")
    named = parsed[0].named_parameters
    unknown = sorted(named - available.keys())
    if unknown:
        offered = ", ".join(f"${name}" for name in available)
        raise FeatureError(
            f"source {source.name}: ${unknown[0]} is not a parameter of a source query; there are {offered}"
        )
    if "path" in named and source.path is None:
        raise FeatureError(f"source {source.name}: the query reads $path; say where the file is with --path")
    return {name: available[name] for name in named}


def check_contract(source: Source, given: dict[str, str]) -> None:
    wrong = [
        f"  {column.name} is {given.get(column.name, 'missing')}, expected {column.expected}; {remedy(column, given)}"
        for column in CONTRACTS[source.kind]
        if (column.required and column.name not in given)
        or (column.name in given and not column.accepts.fullmatch(given[column.name].strip('"')))
    ]
    if wrong:
        raise FeatureError(
            f"source {source.name}: {len(wrong)} column(s) of the query break the contract (docs/sources.md)\n"
            + "\n".join(wrong)
        )


def remedy(column: Column, given: dict[str, str]) -> str:
    if column.name not in given:
        maybe = "" if column.name in ("user_id", "event_ts") else f", or `null as {column.name}` if you have none"
        return f"add `... as {column.name}` to the query{maybe}"
    if column.cast == "timestamp" and NUMBERS.fullmatch(given[column.name]):
        return f"map it with `make_timestamp({column.name} * 1000000)`, if it counts seconds since 1970"
    if column.cast is None and FLOATS.fullmatch(given[column.name]):
        return "ids that were floats have lost digits: read the column as BIGINT or VARCHAR in the first place"
    target = column.cast or ("bigint" if NUMBERS.fullmatch(given[column.name]) else "varchar")
    return f"map it with `cast({column.name} as {target})`"


def expression(column: Column, given: dict[str, str]) -> str:
    """How the contract's column is taken from the given one: ids keep their type, whole numbers as BIGINT."""
    kind = given.get(column.name)
    if kind is None and column.name == "event_id":
        return "null::varchar as event_id, null::ubigint as event_no"
    if kind is None:
        return f"cast(null as {column.cast or 'bigint'}) as {column.name}"
    if column.name == "event_id":
        return event_id(kind)
    if column.cast is None:
        return f"cast({column.name} as {'varchar' if kind in ('VARCHAR', 'UUID') else 'bigint'}) as {column.name}"
    return f"cast({column.name} as {column.cast}) as {column.name}"


def event_id(kind: str) -> str:
    """A number as event_no, in its own order, negative ones first; anything else as a text, with a hash as event_no."""
    if not INTEGERS.fullmatch(kind):
        text = "event_id::varchar"
        return f"{text} as event_id, md5_number_lower({text}) as event_no"
    return (
        "null::varchar as event_id, case when event_id >= 0 then event_id::ubigint + 9223372036854775808::ubigint"
        " else (event_id::hugeint + 9223372036854775808)::ubigint end as event_no"
    )


def first_line(error: Exception) -> str:
    """What DuckDB says, without its drawing of where."""
    return " ".join(line.strip() for line in str(error).split("\n\n")[0].splitlines())
