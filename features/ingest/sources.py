"""A source query, written by a person -> rows with the columns of the contract, their types checked before a row is
read."""

import re
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import duckdb

from features.errors import FeatureError
from features.ingest import source_sql
from features.ingest.columns.column_errors import check_columns, check_id_types
from features.ingest.columns.date_columns import asked_of_dates, make_store_dates, nanosecond_remedy
from features.ingest.columns.remedies import SourceColumn
from features.ingest.columns.source_schema import EventIds
from features.ingest.readers.credentials import expand_variables, redact_credentials, reject_credentials
from features.ingest.readers.encodings import encoding_remedy, is_encoding_error
from features.ingest.readers.reader_calls import local_files, patterns_of, reader_calls
from features.ingest.readers.reader_options import (
    require_header_in_order,
    require_known_encoding,
    warnings_of,
    with_skipped_row_counts,
)
from features.ingest.readers.table_folders import require_plain_files
from features.store import sql_builder, sql_files, storage_version
from features.store.duckdb_connection import first_line
from features.store.store import Store

EXTENSION = re.compile(r"required extension '(\w+)")  # DuckDB 2.0 leaves out the second quote
DAYS_BY = re.compile(r"^-- days by (\w+)$", re.MULTILINE)


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
        query = sql_files.folder("sources").joinpath(f"{named}.sql")
    if not query.is_file():
        known = ", ".join(sql_files.names("sources"))
        raise FeatureError(f"{named}: no such source query; name a .sql file, or one of: {known}")
    name = own.stem
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise FeatureError(
            f"{named}: name the file with letters, digits, _ and - alone, since the source is called after it"
        )
    try:
        return Source(name, kind, query.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        why_not = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise FeatureError(f"{named}: cannot be read ({why_not})") from error


@dataclass(frozen=True)
class OpenSource:
    """A source query whose columns are checked: its rows, cast to the contract, as a select to put in another.

    `given`: the type of each column; `event_ids`: the form in which event ids are kept; `whole_categories`: whether
    floats that are whole numbers are categories without a fraction.
    """

    source: Source
    query: str
    given: dict[str, str]
    values: dict[str, Any]
    timezone: str
    dated: list[str]
    warnings: list[str]
    event_ids: EventIds = EventIds.NUMBER
    whole_categories: bool = True

    @property
    def columns(self) -> set[str]:
        return set(self.given)

    @property
    def rows(self) -> str:
        forms = {"event_ids": self.event_ids, "whole_categories": self.whole_categories}
        return source_sql.select_contract_columns(
            self.source.kind, self.given, source_sql.with_outer_parameters(self.query), **forms
        )

    def into(self, con: duckdb.DuckDBPyConnection, table: str, select: str, **values: Any) -> None:
        """Makes a temporary table of `select`, which reads the rows as `source_<kind>`; `values` are its parameters,
        and those of the source query that differ from before. Raises FeatureError where the source cannot be read."""
        statement = source_sql.create_from_source(table, self.source.kind, self.rows, select)
        run_query(con, self.source, statement, self.with_days_asked({**self.values, **values}))

    def ask(self, con: duckdb.DuckDBPyConnection, *expressions: str) -> tuple:
        """Return the value of each expression over the rows as the source query gives them."""
        statement = sql_builder.aggregate(source_sql.with_outer_parameters(self.query), *expressions)
        return run_query(con, self.source, statement, self.with_days_asked(self.values))[0]

    def with_days_asked(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values with the days that the source query is asked for."""
        asked = values["day_start"], values["day_end"]
        if self.dated:
            asked = asked_of_dates(*asked, self.timezone)
        return values | {"asked_start": asked[0], "asked_end": asked[1]}

    def check_id_types(self, con: duckdb.DuckDBPyConnection, rows: str) -> None:
        """Raise FeatureError where `rows`, a table made of these, has ids of another type than the store."""
        check_id_types(con, rows, self.as_given(con))

    def as_given(self, con: duckdb.DuckDBPyConnection) -> SourceColumn:
        """Return what the query gives, to say what to type where a column breaks the contract."""
        return SourceColumn(self.source.name, self.source.kind, self.query, self.given, partial(self.ask, con))


def open_source(
    con: duckdb.DuckDBPyConnection, source: Source, store: Store, first_ds: date, last_ds: date
) -> OpenSource:
    """Checks the columns of a source query before a row is read; the days asked for include both.

    Raises FeatureError where the query or its file cannot be read, where it or the path holds a credential, or where
    columns break the contract: one error that names every column that is wrong.
    """
    for kept in (source.query, source.path or ""):
        reject_credentials(source.name, kept)
    path = source.path and expand_variables(source.name, source.path)
    days = {"day_start": store.day_start(first_ds), "day_end": store.day_end(last_ds)}
    values = bind_parameters(source, {"path": path, **days})
    query, warnings = checked_query(con, source, values)
    described = [(name.lower(), kind) for name, kind, *_ in run_query(con, source, sql_builder.describe(query), values)]
    given = dict(described)
    if len(given) < len(described):
        twice = next(name for name, _ in described if [other for other, _ in described].count(name) > 1)
        raise FeatureError(f"source {source.name}: the query gives {twice} twice; keep the one that is meant")
    timezone, dated = store.config.timezone, source_sql.date_columns(source.kind, given)
    if dated:
        make_store_dates(con, timezone)
    sql_files.run(con, "transforms/event_ids")
    sql_files.run(con, "transforms/is_blank")
    [(are_whole,)] = sql_files.run(con, "ledger/categories_are_whole").fetchall()
    reading = OpenSource(source, query, given, values | days, timezone, dated, warnings, whole_categories=are_whole)
    check_columns(con, reading.as_given(con))
    sql_files.run(con, "transforms/forget_skipped")  # to check columns may have read rows
    return reading


def checked_query(con: duckdb.DuckDBPyConnection, source: Source, values: dict[str, Any]) -> tuple[str, list[str]]:
    """The query as it is read, and what to warn of. DuckDB notes the rows that it skips.

    Raises FeatureError where its files or the options of its readers would give wrong rows.
    """
    query = sql_files.without_semicolon(source.query)
    calls = reader_calls(query)
    try:
        patterns = [pattern for call in calls for pattern in patterns_of(con, call, values)]
        require_plain_files(patterns, local_files(con, patterns))
        for call in calls:
            require_known_encoding(con, call, values)
            require_header_in_order(con, call, values)
        return with_skipped_row_counts(con, query, calls, values), warnings_of(con, calls, values)
    except FeatureError as error:
        raise FeatureError(f"source {source.name}: {redact_credentials(source.path, str(error))}") from None


def run_query(con: duckdb.DuckDBPyConnection, source: Source, query: str, values: dict[str, Any]) -> list[tuple]:
    named = {name for statement in duckdb.extract_statements(query) for name in statement.named_parameters}
    try:
        return con.execute(query, {name: value for name, value in values.items() if name in named}).fetchall()
    except duckdb.Error as error:
        said = redact_credentials(source.path, first_line(error))
        if extension := EXTENSION.search(said):
            raise FeatureError(
                f"source {source.name}: it needs DuckDB's extension {extension[1]}, which nightrank does not fetch; "
                f"install it once, as the user who runs this: duckdb -c 'install {extension[1]}'"
            ) from None
        if newer := storage_version.newer_reason(Path(source.path or ""), error):
            raise FeatureError(
                f"source {source.name}: it reads a DuckDB file {newer}; install it: "
                f"{storage_version.install(Path(source.path or ''))}\n"
                "or write the file in an older storage version (docs/sources.md)"
            ) from None
        if isinstance(error, duckdb.IOException):
            raise FeatureError(
                f"source {source.name}: {said}; say where the file is: nightrank ingest {source.name} --path PATH"
            ) from None  # what DuckDB said may hold a credential
        if remedy := nanosecond_remedy(said):
            raise FeatureError(f"source {source.name}: {said}; {remedy}") from None
        if is_encoding_error(str(error)):
            patterns = [pattern for call in reader_calls(source.query) for pattern in patterns_of(con, call, values)]
            remedy = redact_credentials(source.path, encoding_remedy(str(error), local_files(con, patterns)))
            raise FeatureError(f"source {source.name}: {remedy}") from None
        raise FeatureError(f"source {source.name}: the query does not run: {said}") from None


def bind_parameters(source: Source, available: dict[str, Any]) -> dict[str, Any]:
    """The values of the parameters that the query names."""
    try:
        parsed = duckdb.extract_statements(source.query)
    except duckdb.ParserException as error:
        raise FeatureError(
            f"source {source.name}: the query is not SQL that DuckDB reads: {first_line(error)}"
        ) from error
    if len(parsed) != 1 or sql_files.kind_of(parsed[0]) != "SELECT":
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
