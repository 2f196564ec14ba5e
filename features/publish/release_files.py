"""The files in releases/: which are whole, which one may go back to, and which go."""

import os
from contextlib import suppress
from datetime import date
from pathlib import Path

from features.errors import BusyError, FeatureError, NewerFileError
from features.store import duckdb_connection, sql_files
from features.store.store import Store
from features.store.warehouse import Warehouse

MICROSECOND = 1000  # in nanoseconds; what every file system keeps


def remove_partial_releases(warehouse: Warehouse) -> None:
    """Removes what runs that are gone left of a release that they never flipped to: the disk that one of them filled
    has room again, and it takes no place among those that are kept. Whoever holds the lock may."""
    store = warehouse.store
    published = store.published.resolve()
    was_killed = dict(warehouse.run("ledger/unfinished_runs", run_id=warehouse.run_id))
    for release in releases_by_mtime(store):
        if release.stem not in was_killed or release.resolve() == published:
            continue
        with suppress(BusyError):  # somebody has it open to write: the next night will see
            if was_killed[release.stem] or is_partial(release):
                release.with_name(f"{release.name}.wal").unlink(missing_ok=True)
                release.unlink()


def release_of(path: Path) -> date | None:
    """The newest night that a release publishes, None where it is not whole. Raises BusyError where another program has
    it open to write, and nothing can be said."""
    if path.with_name(f"{path.name}.wal").exists():
        return None
    try:
        with duckdb_connection.connect_read_only(path) as con, duckdb_connection.translate_errors():
            [(published, ranked)] = sql_files.run(con, "published/release_of").fetchall()
    except BusyError:
        raise
    except FeatureError:
        return None
    return published if published and published >= (ranked or published) else None


def unreadable_reason(path: Path) -> str | None:
    """Why a release cannot be read, None where it is whole. Raises BusyError as `release_of` does."""
    if release_of(path):
        return None
    return f"{path}: {newer_reason(path) or 'cannot be opened, or is not whole'}"


def newer_reason(path: Path) -> str | None:
    """That only a newer DuckDB reads a release, None where that is not so."""
    try:
        duckdb_connection.connect_read_only(path).close()
    except NewerFileError as error:
        return error.reason
    except FeatureError:
        pass
    return None


def is_partial(path: Path) -> bool:
    """Whether a release is not whole. One of a newer DuckDB may be, and so is not called half-built."""
    return release_of(path) is None and newer_reason(path) is None


def release_id(warehouse: Warehouse) -> str:
    """A name of a release that no other has, of this store or another: two stores give their runs the same names."""
    return f"{warehouse.run_id}-{sql_files.fingerprint(warehouse.store.root.absolute(), warehouse.clock())}"


def prune_releases(warehouse: Warehouse, keep: int) -> None:
    """Removes the releases before the last `keep`, never the published one."""
    for path in old_releases(warehouse.store, keep):
        path.unlink()


def old_releases(store: Store, keep: int) -> list[Path]:
    """The releases before the last `keep`, without the published one."""
    published = store.published.resolve()
    return [path for path in releases_by_mtime(store)[:-keep] if path.resolve() != published]


def releases_by_mtime(store: Store) -> list[Path]:
    """The files in releases/, the one that was published first first."""
    return sorted(store.releases.glob("*.duckdb"), key=lambda path: (path.stat().st_mtime_ns, path.name))


def touch_as_newest(store: Store, release: Path) -> None:
    """Makes a release the newest of all by its time, that of the clock unless the clock has jumped back since another
    was published."""
    release.touch()
    latest = releases_by_mtime(store)[-1]
    if latest != release:
        after = latest.stat().st_mtime_ns + MICROSECOND
        os.utime(release, ns=(after, after))
