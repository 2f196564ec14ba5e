"""A source query -> its calls of file readers, with their arguments as text, and the files that they read."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import duckdb

from features.store import sql_builder
from features.store.duckdb_connection import glob_escaped

READER = re.compile(r"read_\w+|parquet_scan")
OPTION = re.compile(r'"?(\w+)"?\s*(?::=|=>|=)\s*(.*)', re.DOTALL)
TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\w+|.""", re.DOTALL)
NAMED_FILE = re.compile(r"""['"].*\.\w+['"]""", re.DOTALL)
CLAUSES = ("select", "from", "where", "group", "having", "window", "qualify", "order", "limit")
REMOTE = re.compile(r"\w+://")
LOCAL = re.compile(r"file:(//(localhost)?)?(?=/)")


@dataclass(frozen=True)
class ReaderCall:
    """One call such as `read_csv($path, header = true)`: `files` and the `options` are expressions, `end` is the byte
    after the last of them. A file name after `from` is a call of no function."""

    function: str
    files: str
    options: dict[str, str]
    end: int


@dataclass
class Bracket:
    """An open bracket: the function it belongs to, where its arguments begin and end, and the clause it is in."""

    function: str
    start: int | None = None
    arguments: list[tuple[int, int]] = field(default_factory=list)
    clause: str = ""

    def close_argument(self, place: int) -> None:
        if self.start is not None:
            self.arguments.append((self.start, place))
        self.start = None


def reader_calls(query: str) -> list[ReaderCall]:
    """Every call of a file reader in a query that DuckDB can parse."""
    text, found, brackets, before = query.encode(), [], [Bracket("")], ""
    for place, word in tokens(query):
        if word in (")", "]", "}"):
            closed = brackets.pop()
            closed.close_argument(place)
            if READER.fullmatch(closed.function):
                found.append(parse_call(closed, text))
        elif word == ",":
            brackets[-1].close_argument(place)
        else:
            if brackets[-1].start is None:
                brackets[-1].start = place
            if word in ("(", "[", "{"):
                brackets.append(Bracket(before if word == "(" else ""))
            elif word.lower() in CLAUSES:
                brackets[-1].clause = word.lower()
            elif NAMED_FILE.fullmatch(word) and (
                before in ("from", "join") or (before, brackets[-1].clause) == (",", "from")
            ):
                found.append(ReaderCall("", sql_builder.literal(word[1:-1].replace(word[0] * 2, word[0])), {}, place))
        before = word.strip('"').lower()
    return found


def tokens(query: str) -> Iterator[tuple[int, str]]:
    """The tokens of a query with their places in bytes, without comments."""
    text = query.encode()
    places = [place for place, kind in duckdb.tokenize(query) if kind != duckdb.token_type.comment]
    for place, after in pairwise([*places, len(text)]):
        yield place, TOKEN.match(text[place:after].decode())[0]  # type: ignore[index]  # every text has a first token


def parse_call(bracket: Bracket, text: bytes) -> ReaderCall:
    files, options, stop = "", {}, 0
    for start, stop in bracket.arguments:
        argument = text[start:stop].decode()
        if option := OPTION.match(argument):
            options[option[1].lower()] = option[2]
        else:
            files = files or argument
    return ReaderCall(bracket.function, files, options, stop)


def value_of(con: duckdb.DuckDBPyConnection, expression: str, values: dict[str, Any]) -> Any:
    """The value of an argument; None where it cannot be known without the rest of the query."""
    statement = sql_builder.evaluate(expression)
    try:
        [parsed] = duckdb.extract_statements(statement)
        [(value,)] = con.execute(statement, {name: values[name] for name in parsed.named_parameters}).fetchall()
    except duckdb.Error:
        return None
    return value


def is_true(con: duckdb.DuckDBPyConnection, call: ReaderCall, option: str, values: dict[str, Any]) -> bool:
    """Whether a call sets an option to true."""
    given = value_of(con, call.options[option], values) if option in call.options else False
    return str(given).lower() in ("true", "t", "1")


def patterns_of(con: duckdb.DuckDBPyConnection, call: ReaderCall, values: dict[str, Any]) -> list[str]:
    """The paths and patterns that a call reads."""
    given = value_of(con, call.files, values)
    return [one for one in (given if isinstance(given, list) else [given]) if isinstance(one, str)]


def local_files(con: duckdb.DuckDBPyConnection, patterns: list[str]) -> list[str]:
    """The files of this machine that DuckDB finds for some patterns; of a folder, every file in it."""
    found: list[tuple[str]] = []
    for pattern in (LOCAL.sub("", one, count=1) for one in patterns):
        if not REMOTE.match(pattern):
            is_folder = os.path.isdir(os.path.expanduser(pattern))  # noqa: PTH111, PTH112 - a Path stops at long names
            inside = f"{glob_escaped(pattern)}/**" if is_folder else pattern
            with suppress(duckdb.Error):  # the query itself says what is wrong with a pattern
                found += con.execute("select file from glob($inside)", {"inside": inside}).fetchall()
    return [file for (file,) in found]
