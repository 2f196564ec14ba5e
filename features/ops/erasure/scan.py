"""A store -> what is left of a person in it: the rows of every Parquet file and DuckDB table, and the bytes of every
file. The proof of features/ops/erasure/erase.py."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from features.store import duckdb_connection, lake, sql_builder, sql_files
from features.store.store import Store

SHORTEST_TEXT = 4  # bytes: shorter ones are found in anything
SMALL_INTEGER = 32  # bits: as eight bytes, smaller ones are half zeros, which are found in anything
PARQUET, DUCKDB = b"PAR1", b"DUCK"
DUCKDB_MAGIC_AT = 8


@dataclass(frozen=True)
class Person:
    """Whom a store is to forget: the id as text, of which type ids are, and the key, None where they had none."""

    text: str
    is_text: bool
    user_key: int | None

    def rows(self, columns: list[str]) -> pl.Expr:
        """Which rows of a frame with these columns are theirs."""
        found = pl.lit(value=False)
        if "user_key" in columns and self.user_key is not None:
            found = found | (pl.col("user_key") == self.user_key)
        if "user_id" in columns:
            found = found | (pl.col("user_id").cast(pl.String) == self.text)
        return found.fill_null(value=False)

    @property
    def pattern(self) -> bytes | None:
        """The bytes of the id, None where they are too few to tell anything."""
        if self.is_text:
            return self.text.encode() if len(self.text.encode()) >= SHORTEST_TEXT else None
        number = int(self.text)
        return number.to_bytes(8, "little", signed=number < 0) if number.bit_length() > SMALL_INTEGER else None


@dataclass(frozen=True)
class Scan:
    """What a scan looked at, and each place where it met the person: `lake/...: 3 rows of them`. `bytes_searched` says
    whether the bytes were searched too, or rows alone: bytes too few, or part of another name, tell nothing."""

    files: int
    bytes: int
    bytes_searched: bool
    hits: list[str]


def scan(store: Store, person: Person, pattern: bytes | None) -> Scan:
    """Looks for the person in every file under the store; nobody may have the warehouse open. With `pattern`, for the
    bytes of their id too."""
    paths = [path for path in sorted(store.root.rglob("*")) if path.is_file() and not path.is_symlink()]
    hits = [f"{path.relative_to(store.root)}: {met}" for path in paths for met in find_in_file(path, person, pattern)]
    return Scan(len(paths), sum(path.stat().st_size for path in paths), pattern is not None, hits)


def find_in_file(path: Path, person: Person, pattern: bytes | None) -> Iterator[str]:
    """Where a file holds the person.

    The texts of a Parquet file are searched as they are read, column by column: its bytes are compressed, and neither
    hide nor show a name reliably. A DuckDB file is read and searched, since it also keeps what was deleted.
    """
    kind = kind_of(path)
    if kind == PARQUET:
        yield from find_in_parquet(path, person, pattern if person.is_text else None)
    if kind == DUCKDB:
        yield from find_in_duckdb(path, person)
    if pattern and (kind != PARQUET or not person.is_text) and contains_bytes(path, pattern):
        yield "the bytes of the id"


def kind_of(path: Path) -> bytes | None:
    with path.open("rb") as handle:
        head = handle.read(DUCKDB_MAGIC_AT + len(DUCKDB))
    if head.startswith(PARQUET):
        return PARQUET
    return DUCKDB if head[DUCKDB_MAGIC_AT:] == DUCKDB else None


def find_in_parquet(path: Path, person: Person, pattern: bytes | None) -> Iterator[str]:
    try:
        rows = rows_in_parquet(path, person)
        columns = lake.scan(path).collect_schema() if pattern else {}
        texts = [name for name, kind in columns.items() if kind == pl.String]
        for name in texts:
            holds = pl.col(name).str.contains(person.text, literal=True).any()
            if lake.scan(path).select(holds).collect().item():
                yield f"the id in column {name}"
    except (pl.exceptions.PolarsError, OSError) as error:
        yield f"cannot be read ({duckdb_connection.first_line(error)})"
        return
    if rows:
        yield f"{rows} rows of them"


def rows_in_parquet(path: Path, person: Person) -> int:
    """How many rows of a Parquet file are the person's."""
    rows = lake.scan(path)
    columns = rows.collect_schema().names()
    if not {"user_key", "user_id"} & set(columns):
        return 0
    return rows.filter(person.rows(columns)).select(pl.len()).collect().item()


def find_in_duckdb(path: Path, person: Person) -> Iterator[str]:
    with duckdb_connection.connect_read_only(path) as con:
        for schema, table, column in sql_files.run(con, "erasure/columns_of_people").fetchall():
            wanted = str(person.user_key) if column == "user_key" else person.text
            [(rows,)] = con.execute(sql_builder.count_user_rows(schema, table, column), {"wanted": wanted}).fetchall()
            if rows:
                yield f"{rows} rows of them in {schema}.{table}"


def contains_bytes(path: Path, pattern: bytes) -> bool:
    if not path.stat().st_size:
        return False
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as held:
        return held.find(pattern) >= 0
