"""DuckDB files -> the same without a person, whole: what is only deleted stays in the bytes of a file."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from features.errors import FeatureError
from features.ops.erasure.scan import Person
from features.store import duckdb_connection, lake, sql_builder, sql_files, storage_version, warehouse_copies
from features.store.permissions import NOT_FOR_OTHERS
from features.store.store import Store


def rewrite_releases(store: Store, person: Person) -> list[str]:
    """Rewrites each release that holds the person, in its own name: a night that died after its flip is recognised by
    it. Whoever has the old one open keeps it until they close it. Returns their names."""
    rewritten = []
    own = [store.published] if store.published.is_file() and not store.published.is_symlink() else []
    for release in [*sorted(store.releases.glob("*.duckdb")), *own]:
        log = release.with_name(f"{release.name}.wal")
        if log.exists():  # left half-built by a run that died; the next builds it anew
            release.unlink()
            log.unlink()
        elif contains_user(release, person):
            rewrite(store, release, lambda con: copy_without(con, person))
            rewritten.append(release.name)
    return rewritten


def contains_user(release: Path, person: Person) -> bool:
    with duckdb_connection.connect_read_only(release) as con:
        columns = sql_files.run(con, "erasure/columns_of_people").fetchall()
        return any(
            con.execute(sql_builder.count_user_rows(schema, table, column), {"wanted": person.text}).fetchall()[0][0]
            for schema, table, column in columns
            if column == "user_id"
        )


def copy_whole(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("copy from database old to new")


def copy_without(con: duckdb.DuckDBPyConnection, person: Person) -> None:
    """Everything of a release, the rows of one person apart."""
    con.execute("copy from database old to new (schema)")
    for schema, table, has_users in sql_files.run(con, "erasure/tables_of_release").fetchall():
        con.execute(sql_builder.copy_without(schema, table, has_users), {"text": person.text})
    sql_files.run(con, "erasure/nights_of_release", text=person.text)


def rewrite_newer(store: Store, who: str) -> list[Path]:
    """Writes each of `newer_files` again, whole and in its own name, in the storage version of the settings."""
    with store.writing(who):
        paths = newer_files(store)
        for path in paths:
            rewrite(store, path, copy_whole)
    return paths


def newer_files(store: Store) -> list[Path]:
    """The warehouse, its copies and the releases in a newer storage version than the settings want. One that cannot be
    opened is left out, and so is one that somebody writes to."""
    own = [store.warehouse, *warehouse_copies.copies(store), *sorted(store.releases.glob("*.duckdb"))]
    return [path for path in own if path.exists() and is_newer(store, path)]


def is_newer(store: Store, path: Path) -> bool:
    try:
        with duckdb_connection.connect_read_only(path, store.config) as con:
            [(written_in, _)] = sql_files.run(con, "ledger/storage_version").fetchall()
    except FeatureError:
        return False
    return storage_version.is_newer(written_in, store.config)


def rewrite(store: Store, path: Path, fill: Callable[[duckdb.DuckDBPyConnection], None]) -> None:
    """Puts a new file in the place of a closed DuckDB file: what was deleted stays in the bytes of the old one. `fill`
    copies from the attached `old` to `new`."""
    making = path.with_name(f".{path.name}.making")
    log = making.with_name(f"{making.name}.wal")
    for left in (making, log):
        left.unlink(missing_ok=True)
    if path.with_name(f"{path.name}.wal").exists():
        raise FeatureError(f"{path}: a write-ahead log is left beside it; run the same again")
    with duckdb_connection.connect(None, store.config, store.spill) as con:
        con.execute("set preserve_insertion_order = true")
        con.execute(sql_builder.attach(path, "old", read_only=True))
        con.execute(sql_builder.attach(making, "new"))
        fill(con)
        con.execute("checkpoint new")
        con.execute("detach new")
    if log.exists():
        raise FeatureError(f"{log}: a write-ahead log is left; run the same again")
    was = path.stat()
    making.chmod(was.st_mode & ~NOT_FOR_OTHERS & 0o666)
    os.utime(making, ns=(was.st_atime_ns, was.st_mtime_ns))  # releases are cleared by age
    lake.flush(making)
    making.replace(path)
    lake.flush(path.parent)


def empty_copy(folder: Path) -> None:
    """Removes everything in a folder."""
    for path in folder.iterdir() if folder.exists() else ():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
