"""The storage version of DuckDB files: which one is written, and what is said of a file that a newer DuckDB wrote."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import features
from features import FeatureError, StoreConfig
from features.errors import NewerFileError, UnreadableError
from features.ops.erasure.rewrite import copy_whole, newer_files, rewrite, rewrite_newer
from features.store import duckdb_connection
from tests.conftest import COLUMNS, Desk, make_newer

DUCKDB = f"DuckDB {duckdb.__version__}"
READS_UP_TO = 68 if duckdb.__version__.startswith("1.") else 69
SET_BACK = "set it to v1.0.0, which every DuckDB from 1.0 on reads, or install a newer DuckDB"
CATALOGUE = """
select * exclude (database_oid, schema_oid, table_oid, estimated_size) from duckdb_tables() where not internal
order by all
"""
COMMENTS = """
select schema_name, table_name, column_name, data_type, is_nullable, column_default, comment
from duckdb_columns() where not internal order by all
"""
MACROS = """
select schema_name, function_name, parameters, macro_definition, comment
from duckdb_functions() where not internal order by all
"""
VIEWS = "select schema_name, view_name, comment from duckdb_views() where not internal order by all"
KEYS = "select schema_name, table_name, constraint_text from duckdb_constraints() order by all"


def written_in(path: Path) -> str:
    with duckdb_connection.connect_read_only(path) as con:
        return features.store.sql_files.run(con, "ledger/storage_version").fetchall()[0][0]


def contents(path: Path) -> dict[str, list[tuple]]:
    """Everything of a file: its relations with their comments and keys, its macros, and every row of its tables."""
    with duckdb_connection.connect_read_only(path) as con:
        tables = con.execute("select schema_name, table_name from duckdb_tables() order by all").fetchall()
        rows = {f"{schema}.{name}": f'from "{schema}"."{name}" order by all' for schema, name in tables}
        asked = {"tables": CATALOGUE, "columns": COMMENTS, "macros": MACROS, "views": VIEWS, "keys": KEYS} | rows
        return {name: con.execute(query).fetchall() for name, query in asked.items()}


@pytest.mark.parametrize("version", ["v1.0.0", "v1.2.0", "v1.5.0"])
def test_new_files_are_in_the_storage_version_of_the_settings(desk_with: Callable[..., Desk], version: str) -> None:
    desk = desk_with(storage_version=version)
    release = desk.folder / "release.duckdb"

    with desk.open() as warehouse, duckdb_connection.attached(warehouse.con, release):
        warehouse.con.execute("create table release.one as select 1 as one")

    assert [written_in(path) for path in (desk.store.warehouse, release)] == [f"{version}+"] * 2


def test_a_store_is_in_the_storage_version_that_every_duckdb_from_1_0_on_reads(walked_store: Path) -> None:
    files = [walked_store / "warehouse.duckdb", *walked_store.glob("releases/*"), *walked_store.glob("copies/*")]

    assert len(files) == 7
    assert {written_in(path) for path in files} == {"v1.0.0+"}


@pytest.mark.parametrize("version", ["1.0.0", "v0.10.2", "latest", "", "v1", "v1.0.0+"])
def test_a_storage_version_is_a_version_from_1_0_on(version: str) -> None:
    with pytest.raises(ValueError, match="storage_version is ") as refused:
        StoreConfig(storage_version=version)

    assert str(refused.value) == (
        f"storage_version is '{version}'; it must be a version of DuckDB from v1.0.0 on, such as v1.0.0 or v1.5.0"
    )


def test_a_storage_version_that_the_installed_duckdb_does_not_write_is_refused(desk_with: Callable[..., Desk]) -> None:
    desk = desk_with(storage_version="v9.0.0")

    with pytest.raises(FeatureError) as refused, desk.open():
        pass

    said = f"store.storage_version is 'v9.0.0', which {DUCKDB} does not write; {SET_BACK}"
    assert str(refused.value) == said
    assert not desk.store.warehouse.exists()


def test_a_warehouse_of_a_newer_duckdb_is_not_called_damaged(desk: Desk) -> None:
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source([(1, 10, 7, "buy", "2025-03-01 10:00:00")]), "2025-03-01", "2025-03-01")
    make_newer(desk.store.warehouse)
    before = desk.store.warehouse.read_bytes()

    with pytest.raises(NewerFileError) as refused, desk.open():
        pass

    assert str(refused.value) == (
        f"{desk.store.warehouse}: written by a newer DuckDB (2.3.0) in storage version 70, and {DUCKDB} reads up to "
        f"{READS_UP_TO}; install it: {sys.executable} -m pip install 'duckdb>=2.3.0,<3'\n"
        f"or keep {DUCKDB}, and rewrite the file for it where the newer DuckDB is installed: "
        f"nightrank housekeeping --store {desk.store.root}"
    )
    assert desk.store.warehouse.read_bytes() == before


def test_the_command_that_installs_a_newer_duckdb_runs_as_printed(desk: Desk) -> None:
    with desk.open():
        pass
    make_newer(desk.store.warehouse, f"v{duckdb.__version__}")  # so that there is nothing to fetch

    with pytest.raises(NewerFileError) as refused, desk.open():
        pass

    command = str(refused.value).partition("install it: ")[2].splitlines()[0]
    assert shlex.split(command)[:4] == [sys.executable, "-m", "pip", "install"]
    assert subprocess.run(["bash", "-c", command], check=False, capture_output=True).returncode == 0


def test_a_damaged_file_is_not_called_newer(desk: Desk) -> None:
    with desk.open():
        pass
    content = bytearray(desk.store.warehouse.read_bytes())
    content[12] ^= 1  # the version number, without its checksum
    desk.store.warehouse.write_bytes(content)

    with pytest.raises(UnreadableError, match="Corrupt database file"):
        duckdb_connection.connect_read_only(desk.store.warehouse)
    with pytest.raises(FeatureError, match=r"warehouse\.duckdb: is damaged \(") as refused, desk.open():
        pass
    assert not isinstance(refused.value, NewerFileError)


def test_a_source_in_a_file_of_a_newer_duckdb_is_named_as_such(desk: Desk) -> None:
    path = desk.folder / "events.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(f"create table events ({COLUMNS})")
    make_newer(path)
    (desk.folder / "things.sql").write_text("from read_duckdb($path)")
    source = features.find_source(str(desk.folder / "things.sql"), "events", str(path))

    with desk.open() as warehouse, pytest.raises(FeatureError) as refused:
        desk.ingest(warehouse, source, "2025-03-01", "2025-03-01")

    assert str(refused.value) == (
        "source things: it reads a DuckDB file written by a newer DuckDB (2.3.0) in storage version 70, and "
        f"{DUCKDB} reads up to {READS_UP_TO}; install it: {sys.executable} -m pip install 'duckdb>=2.3.0,<3'\n"
        "or write the file in an older storage version (docs/sources.md)"
    )


def test_files_of_a_newer_storage_version_are_written_again_with_all_that_is_in_them(own_store: Path) -> None:
    newer = features.Store(own_store, StoreConfig(storage_version="v1.5.0", threads=2))
    store = features.Store(own_store, StoreConfig(threads=2))
    files = [store.warehouse, own_store / "copies" / "warehouse-000004.duckdb", store.published.resolve()]
    for path in files:
        rewrite(newer, path, copy_whole)
    before = {path: (contents(path), path.stat().st_mode, path.stat().st_mtime_ns) for path in files}

    assert newer_files(newer) == []
    assert newer_files(store) == files
    assert rewrite_newer(store, "a test") == files
    assert newer_files(store) == []
    assert {written_in(path) for path in files} == {"v1.0.0+"}
    assert {path: (contents(path), path.stat().st_mode, path.stat().st_mtime_ns) for path in files} == before
