"""The one door to DuckDB: every connection is opened here, with the same limits and UTC inside."""

from pathlib import Path

import duckdb

from features.config import StoreConfig


def connect(path: Path | None, config: StoreConfig, spill: Path) -> duckdb.DuckDBPyConnection:
    """A connection to the database at `path`, or to one in memory; what does not fit in memory spills to `spill`."""
    spill.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(
        str(path or ":memory:"),
        config={
            "memory_limit": config.memory_limit,
            "max_temp_directory_size": config.temp_limit,
            "temp_directory": str(spill),
            "threads": config.threads,
            "preserve_insertion_order": False,
        },
    )
    con.execute("set TimeZone = 'UTC'")
    return con


def connect_read_only(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection for people's SQL: it cannot write, and can read nothing of the machine but this file."""
    con = duckdb.connect(str(path.resolve()), read_only=True)
    for setting in ("TimeZone = 'UTC'", "enable_external_access = false", "lock_configuration = true"):
        con.execute(f"set {setting}")
    return con


def view_of_files(con: duckdb.DuckDBPyConnection, view: str, paths: list[str], columns: str) -> None:
    """Names the rows of Parquet files; with no file, an empty relation of these columns (`name type, ...`)."""
    con.execute(f"drop view if exists {view}")
    if paths:
        con.read_parquet(paths, hive_partitioning=False).create_view(view)
    else:
        con.execute(f"create or replace temp table empty_{view} ({columns})")
        con.execute(f"create temp view {view} as from empty_{view}")
