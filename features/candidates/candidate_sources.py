"""Candidate sources: check and run the queries of sql/candidates and of the store's folder `candidates`."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from features.config import CandidateConfig
from features.errors import FeatureError
from features.store import duckdb_connection, lake, sql_builder, sql_files
from features.store.store import Store

CONTRACT = ("user_key", "goods_key", "strength")
INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
NUMBER = re.compile(rf"{INTEGER.pattern}|FLOAT|DOUBLE|DECIMAL\(.*\)")
AS_NUMBER = re.compile(rf"CAST\((?:\w+\.)*(?P<column>user_id|goods_id) AS ({NUMBER.pattern})\)")
NAME = re.compile(r"[a-z][a-z0-9_]*")
MAX_SOURCES = 62  # the union keeps the sources of a candidate as bits of one BIGINT
DESCRIPTION_LINE = re.compile(r"^LINE (\d+):", re.MULTILINE)


@dataclass(frozen=True)
class CandidateSource:
    """Hold a candidate source.

    `file`: its file as errors name it. `quota`: the most candidates per user. `is_own`: whether it is the store's own
    file. `alike`: by column, ids of the store that are text and equal as numbers.
    """

    name: str
    file: str
    query: str
    quota: int
    is_own: bool
    alike: dict[str, list[str]] = field(default_factory=dict)


def candidate_sources(store: Store, config: CandidateConfig) -> list[CandidateSource]:
    """Return the sources that are not turned off, ordered by name.

    A file in the store replaces the built-in source of its name. Raises FeatureError if a quota names no source, if a
    file cannot be read, and if no source is left.
    """
    found = {
        name: (f"sql/candidates/{name}.sql", sql_files.read(f"candidates/{name}"), False)
        for name in sql_files.names("candidates")
    } | {path.stem: (str(path), read_query(path), True) for path in sorted(store.candidates.glob("*.sql"))}
    unknown = sorted(config.quotas.keys() - found.keys())
    if unknown:
        raise FeatureError(
            f"candidates.quotas: {unknown[0]} is not a candidate source; there are {', '.join(sorted(found))}"
        )
    sources = [
        CandidateSource(name, file, query, config.quota(name), is_own)
        for name, (file, query, is_own) in sorted(found.items())
        if config.quota(name)
    ]
    if len(sources) > MAX_SOURCES:
        raise FeatureError(f"{len(sources)} candidate sources are too many; the most is {MAX_SOURCES}")
    if not sources:
        raise FeatureError("candidates.quotas: every candidate source is turned off; give one a quota above 0")
    return sources


def readable_files(store: Store) -> list[tuple[str, str]]:
    """Return the files in the store's candidates folder that sources may read, with their hashes.

    They are a part of a fingerprint; the sources themselves are another part.
    """
    sources = set(store.candidates.glob("*.sql"))
    tables = sorted(path for path in store.candidates.rglob("*") if path.is_file() and path not in sources)
    return [(str(path.relative_to(store.candidates)), lake.cached_sha256(path)) for path in tables]


def read_query(path: Path) -> str:
    """Read the query of a source. Raises FeatureError if its file name or its text is not valid."""
    if not NAME.fullmatch(path.stem):
        raise FeatureError(
            f"{path}: name the file with small letters, digits and _ alone, since the source is called after it"
        )
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why_not = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise FeatureError(f"{path}: cannot be read ({why_not})") from error


def run_candidate_source(con: duckdb.DuckDBPyConnection, source: CandidateSource, folder: Path) -> None:
    """Create the table `proposed` from the rows of a source.

    Raises FeatureError, with the file and the line, if its query fails or its columns do not match the contract.
    """
    try:
        values = bind_parameters(
            con, source, {"quota": source.quota, "folder": duckdb_connection.glob_escaped(str(folder))}
        )
        check_columns(source, con.execute(sql_builder.describe(source.query), values).fetchall())
        if source.alike:
            check_ids(con, source, values)
        con.execute(sql_builder.create_proposals(source.query), values)
    except duckdb.Error as error:
        raise query_error(source, error, folder) from error


def bind_parameters(
    con: duckdb.DuckDBPyConnection, source: CandidateSource, available: dict[str, Any]
) -> dict[str, Any]:
    """Return the values of the parameters that the query names."""
    parsed = con.extract_statements(source.query)
    if len(parsed) != 1 or sql_files.kind_of(parsed[0]) != "SELECT":
        raise FeatureError(f"{source.file}: a candidate source is one select, and this file is not")
    unknown = sorted(parsed[0].named_parameters - available.keys())
    if unknown:
        raise FeatureError(
            f"{source.file}: ${unknown[0]} is not a parameter of a candidate source; there are $quota and $folder"
        )
    return {name: available[name] for name in parsed[0].named_parameters}


def check_columns(source: CandidateSource, described: list[tuple]) -> None:
    """Raise FeatureError, with every wrong column, unless the columns match the contract."""
    given = {name.lower(): kind for name, kind, *_ in described}
    wrong = [f"{name} is missing" for name in CONTRACT if name not in given]
    wrong += [f"{name} is too many" for name in given if name not in CONTRACT]
    for name in CONTRACT:
        kind, expected = given.get(name), NUMBER if name == "strength" else INTEGER
        if kind and not expected.fullmatch(kind):
            wrong.append(f"{name} is {kind}, expected {'a number' if name == 'strength' else 'an INTEGER'}")
    if wrong:
        columns = ", ".join(name for name, *_ in described)
        raise FeatureError(
            f"{source.file}: gives the columns {columns}; {'; '.join(wrong)}. A candidate source gives user_key, "
            "goods_key and strength (docs/candidates.md)"
        )


def check_ids(con: duckdb.DuckDBPyConnection, source: CandidateSource, values: dict[str, Any]) -> None:
    """Raise FeatureError if text ids that are equal as numbers are compared with a number."""
    [(_, plan)] = con.execute(sql_builder.explain(source.query), values).fetchall()
    for column in {found["column"] for found in AS_NUMBER.finditer(plan)} & source.alike.keys():
        raise FeatureError(
            f"{source.file}: compares {column}, which is text in this store, with a number, and "
            f"{' and '.join(source.alike[column])} are one number; read the column of the file as text, as in: "
            f"read_csv($folder || '/campaign.csv', types = {{'{column}': 'VARCHAR'}})"
        )


def query_error(source: CandidateSource, error: duckdb.Error, folder: Path) -> FeatureError:
    """Return the error of a query that does not run, with its file and line."""
    line = DESCRIPTION_LINE.search(str(error))
    place = f"{source.file}, line {line[1]}" if line else source.file
    hint = f"; the files that a source reads are in {folder}" if isinstance(error, duckdb.PermissionException) else ""
    return FeatureError(f"{place}: does not run: {duckdb_connection.first_line(error)}{hint}")
