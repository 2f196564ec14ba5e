"""The one door to DuckDB: every connection is opened here, with the same limits and UTC inside."""

import atexit
import errno
import os
import re
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakSet

import duckdb

from features.config import StoreConfig
from features.errors import BusyError, FeatureError, UnreadableError
from features.store import sql_builder, storage_version

CORRUPTION_ERRORS = duckdb.Error  # what is raised where a file cannot be read
UNKNOWN_NAME_ERRORS = (
    duckdb.BinderException,
    duckdb.CatalogException,
)  # a file of an earlier version has not all that is asked
OPEN_CONNECTIONS: WeakSet[duckdb.DuckDBPyConnection] = WeakSet()
INTERRUPTED = "Query interrupted"  # by a signal
LOCKED = "Could not set lock"
TRANSIENT_ERRNOS = (
    *(errno.EIO, errno.ESTALE, errno.EAGAIN, errno.EBUSY, errno.ETIMEDOUT, errno.ENETDOWN, errno.ENETUNREACH),
    *(errno.ENETRESET, errno.ECONNABORTED, errno.ECONNRESET, errno.ECONNREFUSED, errno.EHOSTDOWN, errno.EHOSTUNREACH),
)
TRANSIENT_HTTP_CODES = (408, 429, 500, 502, 503, 504)  # of HTTP
DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MAKE_ROOM = "see what can go with: nightrank housekeeping --dry-run, make room, and run the same again"
NO_CONNECTION = "Could not establish connection"
HELPERS = (
    "store/duckdb_connection.py",
    "store/sql_files.py",
    "store/warehouse.py",
)  # they run what another function asks for


def connect(path: Path | None, config: StoreConfig, spill: Path) -> duckdb.DuckDBPyConnection:
    """A connection to the database at `path`, or to one in memory; what does not fit in memory spills to `spill`."""
    spill.mkdir(parents=True, exist_ok=True)
    con = open_connection(path, config, spill, preserve_insertion_order=False)
    con.execute("set TimeZone = 'UTC'")
    return con


def connect_read_only(path: Path, config: StoreConfig | None = None) -> duckdb.DuckDBPyConnection:
    """A connection for people's SQL: it cannot write, and can read nothing of the machine but this file.

    What does not fit in memory spills outside the store, which may be somebody else's; DuckDB removes it on closing.
    """
    con = open_connection(path.resolve(), config or StoreConfig(), private_tmp(os.geteuid()), read_only=True)
    [(locked,)] = con.execute("select current_setting('lock_configuration')").fetchall()
    if not locked:  # connections of one process to one file share their settings: the first has made them
        con.execute("set global TimeZone = 'UTC'")
        con.execute("set global enable_external_access = false")
        con.execute("set global lock_configuration = true")
    return con


@cache
def private_tmp(_user: int) -> Path:
    """A temporary folder that nobody but this user can look into, until the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="nightrank-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def open_connection(
    path: Path | None, config: StoreConfig, spill: Path, *, read_only: bool = False, **settings: Any
) -> duckdb.DuckDBPyConnection:
    """Opens a file within the limits of the store. Raises BusyError where another program writes to it, FeatureError
    where it is damaged or cannot be read."""
    limits = {
        "memory_limit": config.memory_limit,
        "max_temp_directory_size": config.temp_limit,
        "temp_directory": str(spill),
        "threads": config.threads,
        "autoinstall_known_extensions": False,  # code comes with an installation, not with a query
        "python_enable_replacements": False,  # no name in SQL is a variable of this program
    }
    if not read_only:
        limits["storage_compatibility_version"] = config.storage_version  # of new files; others keep theirs
    try:
        con = duckdb.connect(str(path or ":memory:"), read_only=read_only, config=limits | settings)
    except duckdb.Error as error:
        if LOCKED in str(error):
            raise BusyError(
                f"{path}: another program has it open ({first_line(error)}); close it there, "
                f"and look with -readonly, as in: duckdb -readonly published.duckdb"
            ) from error
        if stated := storage_version.unknown_version(config, error) or (
            path and storage_version.newer_error(path, error)
        ):
            raise stated from error
        raise UnreadableError(
            f"{path}: cannot be opened ({first_line(error)}); where the file is damaged, put a copy of it from before "
            "in its place",
            path,
        ) from error
    OPEN_CONNECTIONS.add(con)
    return con


@contextmanager
def translate_errors() -> Iterator[None]:
    """What DuckDB and Polars raise where nobody expected it, as one sentence: what was at work, and what was wrong."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise FeatureError(
            f"{failing_function(error)} needs more memory than DuckDB may take ({first_line(error)}); "
            "nothing is half-written: set store.memory_limit higher, or cut users into more store.buckets, "
            "and run the same again"
        ) from error
    except engine_errors() as error:
        if is_disk_full(error):
            raise FeatureError(
                f"{failing_function(error)}: {first_line(error)}; nothing is half-written: {MAKE_ROOM}"
            ) from error
        raise FeatureError(
            f"{failing_function(error)} did not go through: {first_line(error)}; nothing is half-written, "
            "see what is built with: nightrank status"
        ) from error
    except RuntimeError as error:
        if str(error) == INTERRUPTED and error.__context__:  # what a signal's handler raised while a query ran
            stop_queries()
            raise error.__context__ from None
        raise


def engine_errors() -> tuple[type[Exception], ...]:
    """Return what DuckDB and Polars raise; Polars raises nothing where nobody has loaded it."""
    polars = sys.modules.get("polars")
    return (duckdb.Error, polars.exceptions.PolarsError) if polars else (duckdb.Error,)


def stop_queries() -> None:
    """Stops what is running in DuckDB: after a signal its threads would go on, and a rollback or close wait for them,
    however long the query takes."""
    for con in list(OPEN_CONNECTIONS):
        with suppress(duckdb.Error):  # closed meanwhile
            con.interrupt()


def is_transient(error: BaseException | None) -> bool:
    """Whether what was refused may be given in a moment: by a network, or by a disk that is one. A mistake, a check and
    too little memory do not pass by themselves."""
    while error is not None:
        if isinstance(error, duckdb.HTTPException):
            return getattr(error, "status_code", 0) in TRANSIENT_HTTP_CODES
        if isinstance(error, duckdb.IOException):  # has no number, but the machine's words for it
            return any(said in str(error) for said in (*map(os.strerror, TRANSIENT_ERRNOS), NO_CONNECTION))
        if isinstance(error, OSError):
            return error.errno in TRANSIENT_ERRNOS
        error = error.__cause__
    return False


def is_disk_full(error: BaseException) -> bool:
    """Whether the disk had no room left."""
    return getattr(error, "errno", None) in DISK_FULL_ERRNOS or any(
        os.strerror(number) in str(error) for number in DISK_FULL_ERRNOS
    )


def failing_function(error: BaseException) -> str:
    """Name the function that asked for what failed: `build_histories (features/sequences/histories.py)`."""
    package = Path(__file__).parents[1]
    frames = [
        (frame.name, Path(frame.filename).relative_to(package).as_posix())
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(package)
    ]
    asked = [frame for frame in frames if frame[1] not in HELPERS] or frames
    return f"{asked[-1][0]} (features/{asked[-1][1]})" if asked else "a statement"


def first_line(error: BaseException) -> str:
    """What DuckDB says, without its drawing of where."""
    return " ".join(line.strip() for line in str(error).split("\n\n")[0].splitlines())


@contextmanager
def attached(con: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool = False) -> Iterator[None]:
    """The file at `path` as `release` beside the database that is open."""
    con.execute(sql_builder.attach(path, "release", read_only=read_only))
    try:
        yield
    finally:
        con.execute("detach release")


def has_table(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    """Whether the open file has a table, which one of an earlier version may not."""
    tables = "select schema_name, table_name from duckdb_tables()"  # to bind a value, DuckDB 1.5 loads pandas: 0.3 s
    return (schema, table) in con.execute(tables).fetchall()


def read_every_block(con: duckdb.DuckDBPyConnection, but_schema: str = "") -> None:
    """Reads every block of an open file, but for the tables of one schema: DuckDB compares its checksums with what it
    reads. Raises DAMAGED where one does not match."""
    tables = "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
    for schema, table in con.execute(tables).fetchall():
        if schema != but_schema:
            con.execute(sql_builder.digest(schema, table)).fetchall()


def restrict_file_access(con: duckdb.DuckDBPyConnection, paths: list[str], folder: Path) -> None:
    """From here on the connection reads no files but these and those in the folder, whatever the SQL that it runs.

    DuckDB compares what a query names, a pattern, and then each file that the pattern finds: both are allowed.
    """
    con.execute(sql_builder.allow_paths("allowed_paths", plain_and_escaped(paths)))
    con.execute(sql_builder.allow_paths("allowed_directories", plain_and_escaped([f"{folder}/"])))
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")


def glob_escaped(path: str) -> str:
    """The pattern that finds the file or folder of this path alone: DuckDB reads each path as a pattern."""
    return re.sub(r"[*?\[]", r"[\g<0>]", path)


def plain_and_escaped(paths: list[str]) -> list[str]:
    return sorted({*paths, *map(glob_escaped, paths)})


def create_files_view(con: duckdb.DuckDBPyConnection, view: str, paths: list[str], columns: str) -> None:
    """Names the rows of Parquet files; with no file, an empty relation of these columns (`name type, ...`)."""
    con.execute(sql_builder.drop_view(view))
    if paths:
        con.read_parquet([glob_escaped(path) for path in paths], hive_partitioning=False).create_view(view)
    else:
        con.execute(sql_builder.empty_view(view, columns))
