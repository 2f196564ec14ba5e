"""sql/ -> text: the one place that knows where the statements are."""

import hashlib
import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any

import duckdb

from features.errors import FeatureError

if TYPE_CHECKING:
    import pyarrow as pa

RELATIONS_TAKE_VALUES = not duckdb.__version__.startswith("1.")
SEVERITY = re.compile(r"-- (stop|warn): ")
DESCRIPTION = re.compile(r"-- (?:stop|warn): (.*(?:\n-- (?!do: ).*)*)")
REMEDY = re.compile(r"^-- do: (.*(?:\n-- .*)*)", re.MULTILINE)


def folder(name: str) -> Traversable:
    return files("sql").joinpath(name)


@cache
def read(name: str) -> str:
    """The text of a statement: `read("transforms/histories")`."""
    return folder(f"{name}.sql").read_text(encoding="utf-8")


def bundled_sql(path: str) -> str | None:
    """The text of a file of sql/ by a path that begins there, such as `sql/checks/rank_is_dense.sql`; else None."""
    here = path.removeprefix("sql/")
    found = folder(here)
    return found.read_text(encoding="utf-8") if here != path and ".." not in here and found.is_file() else None


@cache
def names(where: str) -> tuple[str, ...]:
    """The statements in a folder of sql/, by name without `.sql`, in order."""
    return tuple(sorted(entry.name[:-4] for entry in folder(where).iterdir() if entry.name.endswith(".sql")))


@cache
def severity(check: str) -> str:
    """`stop` or `warn`, from the first line of a check."""
    match = SEVERITY.match(read(f"checks/{check}"))
    if not match:
        raise FeatureError(f"sql/checks/{check}.sql: the first line says neither `-- stop: ` nor `-- warn: `")
    return match[1]


@cache
def remedy(check: str) -> str:
    """What to do where a check finds rows, from its lines of `-- do: `; empty where it does not say."""
    match = REMEDY.search(bundled_sql(f"sql/checks/{check}.sql") or "")
    return " ".join(match[1].replace("\n--", "").split()) if match else ""


@cache
def description(check: str) -> str:
    """What a check finds, from its first lines; nothing where this version has no such check."""
    found = DESCRIPTION.match(bundled_sql(f"sql/checks/{check}.sql") or "")
    return " ".join(found[1].replace("\n--", "").split()) if found else ""


def run(con: duckdb.DuckDBPyConnection, name: str, /, **values: Any) -> duckdb.DuckDBPyConnection:
    """Runs each statement of a file in turn, each with the values it names; the result is that of the last."""
    for statement in duckdb.extract_statements(read(name)):
        con.execute(statement, parameters_of(statement, values))
    return con


def arrow(con: duckdb.DuckDBPyConnection, name: str, /, **values: Any) -> "pa.Table":
    """Runs each statement of a file in turn, as `run` does, and gives the rows of the last as an Arrow table."""
    *before, last = duckdb.extract_statements(read(name))
    for statement in before:
        con.execute(statement, parameters_of(statement, values))
    return arrow_of(con, last, parameters_of(last, values))


def arrow_of(con: duckdb.DuckDBPyConnection, query: str | duckdb.Statement, values: dict[str, Any]) -> "pa.Table":
    """The rows of one query as an Arrow table.

    DuckDB 2.0 warns of Arrow rows that an executed statement gives. In 1.5 a relation with values for its parameters
    takes forty times as long: 2 s instead of 0.05 s for a million rows.
    """
    if RELATIONS_TAKE_VALUES:
        return con.sql(query, params=values).to_arrow_table()
    return con.execute(query, values).to_arrow_table()


def parameters_of(statement: duckdb.Statement, values: dict[str, Any]) -> dict[str, Any]:
    """Those of the values that a statement names."""
    return {key: values[key] for key in statement.named_parameters}


def kind_of(statement: duckdb.Statement) -> str:
    """What kind of statement this is, such as `SELECT`; empty where DuckDB has no name for it in Python."""
    try:
        return statement.type.name
    except ValueError:  # `update extensions` in DuckDB 2.0
        return ""


def without_semicolon(query: str) -> str:
    """The query up to the semicolon that ends it, if one does, so that it can stand within another."""
    text = query.encode()  # DuckDB counts bytes
    for place, kind in reversed(duckdb.tokenize(query)):
        if text[place : place + 1] == b";":
            return text[:place].decode()
        if kind != duckdb.token_type.comment:
            break
    return query


def fingerprint(*parts: object) -> str:
    """A short hash of everything that shapes an asset: inputs, SQL, settings."""
    return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()[:16]
