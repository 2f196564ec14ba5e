"""The warehouse -> copies/: a whole copy after each run that changed it, for the store that loses or damages it.

The file is copied once it is closed, and then read through: DuckDB checks each block, so that a damaged warehouse never
takes the place of a good copy.
"""

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from features.errors import FeatureError, NewerFileError, UnreadableError
from features.store import duckdb_connection, lake
from features.store.store import Store

BEGIN = "begin with: nightrank demo, or nightrank ingest SOURCE"
CORRUPT = ("Corrupt database file", "database has been invalidated", "Serialization Error", "deserialize")


def copy_warehouse(store: Store) -> None:
    """Copies the closed warehouse to a new file in `copies/`, reads ids and ledger in it, and keeps the newest
    `keep_copies`. Rankings, of which each night brings more, are left to `nightrank doctor --deep`.

    Where the disk has no room there is no new copy, and the older ones stay. Raises duckdb.Error where a block is
    damaged, and FeatureError where the copy cannot be opened.
    """
    if not store.config.keep_copies:
        return
    store.copies.mkdir(exist_ok=True)
    remove_making(store)
    made = next_copy(store)
    making = made.with_name(f".{made.name}.making")
    try:
        shutil.copyfile(store.warehouse, making)
        lake.flush(making)
        with duckdb_connection.connect_read_only(making, store.config) as con:
            duckdb_connection.read_every_block(con, but_schema="serving")
    except (duckdb.Error, FeatureError, OSError) as error:
        remove_making(store)
        if duckdb_connection.is_disk_full(error):
            return
        raise
    making.rename(made)
    lake.flush(store.copies)
    for old in copies(store)[: -store.config.keep_copies]:
        old.unlink()


def next_copy(store: Store) -> Path:
    """The name after that of the newest copy; the clock plays no part, since it may jump back."""
    found = copies(store)
    number = int(found[-1].stem.rpartition("-")[2]) + 1 if found else 1
    return store.copies / f"warehouse-{number:06}.duckdb"


def copies(store: Store) -> list[Path]:
    """The copies of the warehouse, oldest first."""
    return sorted(store.copies.glob("warehouse-[0-9]*.duckdb"))


def remove_making(store: Store) -> None:
    """Removes what an interrupted copy left."""
    for path in store.copies.glob(".*.making*"):
        path.unlink()


def remove_copies(store: Store) -> int:
    """Removes every copy of the warehouse. Returns how many there were."""
    found = copies(store)
    remove_making(store)
    for path in found:
        path.unlink()
    if found:
        lake.flush(store.copies)
    return len(found)


def restore_command(store: Store, copy: Path | None = None) -> str:
    """The shell command that puts a copy, the newest if left out, in the place of the warehouse."""
    found = copies(store)
    if copy is None and not found:
        return f"put a backup of it in its place: {store.warehouse}"
    log, source = f"{store.warehouse}.wal", copy or found[-1]
    names = [shlex.quote(str(path)) for path in (log, source, store.warehouse)]
    return f"rm -f {names[0]} && cp -p {names[1]} {names[2]}"


def require_warehouse(store: Store, begin: str | None = None) -> None:
    """Raises FeatureError where the warehouse is missing or empty: with the command that restores it where the store
    has other files, else with what begins a store."""
    if has_bytes(store.warehouse):
        return
    require_no_remains(store)
    raise FeatureError(f"{store.root}: there is no store here; {begin or 'name one with --store'}")


def require_no_remains(store: Store) -> None:
    """Raises FeatureError where the folder has files of a store and no warehouse: a new one would disown them all."""
    held = [] if has_bytes(store.warehouse) else orphaned_remains(store)
    if held:
        raise FeatureError(
            f"{store.warehouse}: is {'empty' if store.warehouse.exists() else 'missing'}, and the store has files in "
            f"{', '.join(held)}; a new warehouse would know none of them. Mount the folder again, or restore a copy "
            f"(docs/runbook.md): {restore_command(store)}"
        )


def has_bytes(path: Path) -> bool:
    """Whether a file is there and is not empty."""
    return path.exists() and path.stat().st_size > 0


def orphaned_remains(store: Store) -> list[str]:
    """Where in the folder a store has left files, without its warehouse."""
    folders = [folder for folder in (store.lake, store.models, store.releases, store.copies) if has_files(folder)]
    published = [store.published] if os.path.lexists(store.published) else []
    return [path.name for path in (*folders, *published)]


def has_files(folder: Path) -> bool:
    return any(path.is_file() for path in folder.rglob("*"))


@contextmanager
def with_copy_hint(store: Store) -> Iterator[None]:
    """Turns the error of a damaged warehouse into one that names the newest copy and how to restore it."""
    try:
        yield
    except NewerFileError:
        raise
    except (duckdb.Error, FeatureError) as error:
        if not is_of_warehouse(error, store):
            raise
        said = duckdb_connection.first_line(error.__cause__ or error)
        raise FeatureError(
            f"{store.warehouse}: is damaged ({said}); restore a copy of it (docs/runbook.md): {restore_command(store)}"
        ) from error


def is_of_warehouse(error: Exception, store: Store) -> bool:
    """Whether an error says that the file of the warehouse is damaged, and not another DuckDB file."""
    if isinstance(error, UnreadableError):
        return error.path is not None and error.path.resolve() == store.warehouse.resolve()
    cause = error if isinstance(error, duckdb.Error) else error.__cause__
    if not isinstance(cause, duckdb.Error) or not any(said in str(cause) for said in CORRUPT):
        return False
    try:
        with duckdb_connection.connect_read_only(store.warehouse, store.config) as con:
            duckdb_connection.read_every_block(con)
    except (duckdb.Error, FeatureError):
        return True
    return False
