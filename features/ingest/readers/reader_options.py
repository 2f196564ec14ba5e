"""The options of readers in a source query -> an error where they swap columns or hide skipped rows, and a query whose
skipped rows DuckDB notes, so that they can be counted."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from features.errors import FeatureError
from features.ingest.readers.encodings import utf16_error
from features.ingest.readers.reader_calls import ReaderCall, is_true, local_files, patterns_of, value_of
from features.store import duckdb_connection, sql_builder

CSV_READERS = ("read_csv", "read_csv_auto")
BY_NAME = {  # what to type in place of the options that name columns by position, whatever the header says
    "columns": "write `types` in place of `columns`, which goes by name",
    "names": "leave `names` out, and DuckDB takes the names from the header",
    "column_names": "leave `column_names` out, and DuckDB takes the names from the header",
}
SKIPPING = ("ignore_errors", "store_rejects")
REJECTS = ("rejects_table", "rejects_scan", "rejects_limit")
OF_NAMES = ("delim", "sep", "quote", "escape", "skip", "comment", "encoding", "compression", "strict_mode")
OF_FIRST_LINES = (*OF_NAMES, "header", "names", "column_names")
HEADER_BYTES = 1 << 16
MAX_HEADERS = 100  # of files that begin with different lines


def require_header_in_order(con: duckdb.DuckDBPyConnection, call: ReaderCall, values: dict[str, Any]) -> None:
    """Raises FeatureError where an option names a column by the name that the header gives to another one."""
    named = [option for option in BY_NAME if call.function in CSV_READERS and option in call.options]
    if not named or ("header" in call.options and not is_true(con, call, "header", values)):
        return
    given = [str(name).lower() for name in value_of(con, call.options[named[0]], values) or ()]
    for file in with_different_headers(local_files(con, patterns_of(con, call, values))):
        header = [name.lower() for name in first_lines(con, call, file, values, names=True)]
        for place, (in_file, in_query) in enumerate(zip(header, given, strict=False), 1):
            if in_file != in_query and in_file in given:
                raise FeatureError(
                    f"{call.function} with `{named[0]}` names columns by position, and column {place} of {file} is "
                    f"{in_file}, not {in_query}: {BY_NAME[named[0]]}"
                )


def require_known_encoding(con: duckdb.DuckDBPyConnection, call: ReaderCall, values: dict[str, Any]) -> None:
    """Raises FeatureError where DuckDB would read no row of a file, and not say so."""
    if call.function in CSV_READERS and "encoding" in call.options:
        encoding = value_of(con, call.options["encoding"], values)
        if str(encoding).lower() in ("utf-16", "utf16"):
            for file in map(Path, local_files(con, patterns_of(con, call, values))):
                if file.is_file() and (said := utf16_error(file)):
                    raise FeatureError(said)


def with_different_headers(files: list[str]) -> Iterable[str]:
    """The first file of each first line; a pipe is left alone."""
    first_lines: dict[bytes, str] = {}
    for file in filter(os.path.isfile, files):
        with Path(file).open("rb") as opened:
            first_lines.setdefault(opened.readline(HEADER_BYTES), file)
        if len(first_lines) == MAX_HEADERS:
            break
    return first_lines.values()


def first_lines(
    con: duckdb.DuckDBPyConnection, call: ReaderCall, file: str, values: dict[str, Any], *, names: bool
) -> list[Any]:
    """The names in the first line of a CSV file, or how many lines DuckDB skips before it; nothing where it cannot be
    read, which the query itself says."""
    options = {name: call.options[name] for name in (OF_NAMES if names else OF_FIRST_LINES) if name in call.options}
    statement = sql_builder.first_lines(options, names=names)
    [parsed] = duckdb.extract_statements(statement)
    named = values | {"file": duckdb_connection.glob_escaped(file)}
    try:
        rows = con.execute(statement, {name: named[name] for name in parsed.named_parameters}).fetchall()
    except duckdb.Error:
        return []
    return [value for value, *_ in rows]


def with_skipped_row_counts(
    con: duckdb.DuckDBPyConnection, query: str, calls: list[ReaderCall], values: dict[str, Any]
) -> str:
    """The query, in which every reader of CSV that skips rows notes them.

    Raises FeatureError where DuckDB cannot note all of them.
    """
    text, places = query.encode(), []
    for call in calls:
        if call.function in CSV_READERS and can_skip(con, call, values):
            require_countable(con, call, values)
            if "store_rejects" not in call.options:
                places.append(call.end)
    for place in sorted(places, reverse=True):
        text = text[:place] + b", store_rejects = true" + text[place:]
    return text.decode()


def can_skip(con: duckdb.DuckDBPyConnection, call: ReaderCall, values: dict[str, Any]) -> bool:
    return any(is_true(con, call, option, values) for option in SKIPPING) or any(
        name in call.options for name in REJECTS
    )


def require_countable(con: duckdb.DuckDBPyConnection, call: ReaderCall, values: dict[str, Any]) -> None:
    """Raises FeatureError where DuckDB would not note every row that it skips."""
    hiding = [name for name in REJECTS if name in call.options]
    if "store_rejects" in call.options and not is_true(con, call, "store_rejects", values):
        hiding.append("store_rejects")
    if hiding:
        raise FeatureError(
            f"{call.function} with `{hiding[0]}`: nightrank counts the rows that are skipped, and notes them itself; "
            f"leave `{hiding[0]}` out"
        )
    if is_true(con, call, "union_by_name", values):
        raise FeatureError(
            f"{call.function} with `union_by_name` and `ignore_errors`: DuckDB cannot count the rows that it skips; "
            "leave `union_by_name` out, or leave `ignore_errors` out and correct the line that is then named"
        )


def warnings_of(con: duckdb.DuckDBPyConnection, calls: list[ReaderCall], values: dict[str, Any]) -> list[str]:
    """What readers leave out or alter without a count."""
    guessed = [said for call in calls if (said := first_lines_warning(con, call, values))]
    return guessed + [
        f"{call.function} with `ignore_errors` gives NULL for each value that it cannot read, and only rows that are "
        "refused for that are counted; leave `ignore_errors` out, and the first such value is named"
        for call in calls
        if call.function not in CSV_READERS and is_true(con, call, "ignore_errors", values)
    ]


def first_lines_warning(con: duckdb.DuckDBPyConnection, call: ReaderCall, values: dict[str, Any]) -> str | None:
    """That DuckDB takes the first lines of a file for no rows, where the query does not say `skip`."""
    if call.function not in CSV_READERS or "skip" in call.options or can_skip(con, call, values):
        return None
    files = with_different_headers(local_files(con, patterns_of(con, call, values)))
    skipped = [(file, rows) for file in files for rows in first_lines(con, call, file, values, names=False) if rows]
    if not skipped:
        return None
    file, rows = skipped[0]
    return (
        f"{call.function} takes the first {rows} line(s) of {file} for no rows, and skips them uncounted: if that is "
        f"right, say so with `skip = {rows}`; if they are rows, correct them"
    )
