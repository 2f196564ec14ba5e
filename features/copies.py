"""The warehouse -> copies/: a whole copy after each run that changed it, for the store that loses or damages it.

A copy is written by DuckDB row by row, which checks every block that it reads: a damaged warehouse is never copied.
"""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from features import assembled, database, lake
from features.errors import FeatureError, UnreadableError
from features.store import Store

BEGIN = "begin with: nightrank demo, or nightrank ingest SOURCE"
CORRUPT = ("Corrupt database file", "database has been invalidated", "Serialization Error", "deserialize")


def copy_warehouse(store: Store, con: duckdb.DuckDBPyConnection) -> Path | None:
    """Copies the open warehouse to a new file in `copies/` and keeps the newest `store.keep_copies` of them.

    Returns None where copies are off, or where the disk has no room: the older copies stay.
    """
    if not store.config.keep_copies:
        return None
    store.copies.mkdir(exist_ok=True)
    made = next_copy(store)
    making = made.with_name(f".{made.name}.making")
    try:
        remove_making(store)
        write_copy(con, making)
        lake.flush(making)
        making.rename(made)
        lake.flush(store.copies)
    except (duckdb.Error, OSError) as error:
        remove_making(store)
        if not database.is_full(error):
            raise
        return None
    for old in copies(store)[: -store.config.keep_copies]:
        old.unlink()
    return made


def write_copy(con: duckdb.DuckDBPyConnection, making: Path) -> None:
    """Writes every row of the open database to a new file, in the order of the rows."""
    con.execute("set preserve_insertion_order = true")
    con.execute(assembled.attach(making, "new"))
    try:
        con.execute(assembled.copy_database(con.execute("select current_database()").fetchall()[0][0]))
        con.execute("checkpoint new")
    finally:
        with suppress(duckdb.Error):  # what stopped the copy is raised, not that
            con.execute("detach new")
            con.execute("set preserve_insertion_order = false")


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


def need_warehouse(store: Store, begin: str | None = None) -> None:
    """Raises FeatureError where the warehouse is missing or empty: with the command that restores it where the store
    has other files, else with what begins a store."""
    if has_bytes(store.warehouse):
        return
    need_no_remains(store)
    raise FeatureError(f"{store.root}: there is no store here; {begin or 'name one with --store'}")


def need_no_remains(store: Store) -> None:
    """Raises FeatureError where the folder has files of a store and no warehouse: a new one would disown them all."""
    held = [] if has_bytes(store.warehouse) else remains(store)
    if held:
        raise FeatureError(
            f"{store.warehouse}: is {'empty' if store.warehouse.exists() else 'missing'}, and the store has files in "
            f"{', '.join(held)}; a new warehouse would know none of them. Mount the folder again, or restore a copy "
            f"(docs/runbook.md): {restore_command(store)}"
        )


def has_bytes(path: Path) -> bool:
    """Whether a file is there and is not empty."""
    return path.exists() and path.stat().st_size > 0


def remains(store: Store) -> list[str]:
    """Where in the folder a store has left files, without its warehouse."""
    folders = [folder for folder in (store.lake, store.models, store.releases, store.copies) if has_files(folder)]
    published = [store.published] if os.path.lexists(store.published) else []
    return [path.name for path in (*folders, *published)]


def has_files(folder: Path) -> bool:
    return any(path.is_file() for path in folder.rglob("*"))


@contextmanager
def naming_the_copy(store: Store) -> Iterator[None]:
    """Turns the error of a damaged warehouse into one that names the newest copy and how to restore it."""
    try:
        yield
    except (duckdb.Error, FeatureError) as error:
        if not is_of_warehouse(error, store):
            raise
        raise FeatureError(
            f"{store.warehouse}: is damaged ({database.first_line(error)}); restore a copy of it (docs/runbook.md): "
            f"{restore_command(store)}"
        ) from error


def is_of_warehouse(error: Exception, store: Store) -> bool:
    """Whether an error says that the file of the warehouse is damaged, and not another DuckDB file."""
    if isinstance(error, UnreadableError):
        return error.path is not None and error.path.resolve() == store.warehouse.resolve()
    cause = error if isinstance(error, duckdb.Error) else error.__cause__
    if not isinstance(cause, duckdb.Error) or not any(said in str(cause) for said in CORRUPT):
        return False
    try:
        with database.connect_read_only(store.warehouse, store.config) as con:
            database.read_through(con)
    except (duckdb.Error, FeatureError):
        return True
    return False
