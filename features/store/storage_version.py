"""The storage version of a DuckDB file: which one is written, and what to type where a newer DuckDB wrote the file."""

import re
import shlex
import sys
from pathlib import Path

import duckdb

from features.config import StoreConfig
from features.errors import FeatureError, NewerFileError

NEWER = re.compile(r"version number (\d+), but we can only read (?:storage )?versions between \d+ and (\d+)")
NOT_KNOWN = "is not a known DuckDB version"
MADE_BY = slice(52, 84)  # where the header of a file has the version of the DuckDB that made it
KEEPING = ("releases", "copies")  # the folders of a store with DuckDB files
FIRST_OF_2 = (2, 0, 1)


def newer_error(path: Path, error: duckdb.Error) -> NewerFileError | None:
    """The error for a file that only a newer DuckDB reads, None where that is not the reason."""
    reason = newer_reason(path, error)
    if not reason:
        return None
    root = path.parent.parent if path.parent.name in KEEPING else path.parent
    return NewerFileError(
        f"{path}: {reason}; install it: {install(path)}\nor keep {installed_version()}, and rewrite the file for it "
        f"where the newer DuckDB is installed: nightrank housekeeping --store {shlex.quote(str(root))}",
        path,
        reason,
    )


def newer_reason(path: Path, error: duckdb.Error) -> str | None:
    """That a newer DuckDB wrote a file, with its storage version and the newest that can be read; else None."""
    found = NEWER.search(str(error))
    if not found or int(found[1]) <= int(found[2]):
        return None
    wrote = ".".join(map(str, made_by(path))) if made_by(path) else ""
    by = f"a newer DuckDB ({wrote})" if wrote else "a newer DuckDB"
    return f"written by {by} in storage version {found[1]}, and {installed_version()} reads up to {found[2]}"


def made_by(path: Path) -> tuple[int, ...]:
    """The version of the DuckDB that made a file, such as (2, 0, 1); empty where the header has none."""
    try:
        with path.open("rb") as file:
            header = file.read(MADE_BY.stop)[MADE_BY]
    except OSError:
        return ()
    found = re.match(rb"v(\d+)\.(\d+)\.(\d+)", header)
    return tuple(map(int, found.groups())) if found else ()


def install(path: Path) -> str:
    """The command that installs a DuckDB which reads the file."""
    wanted = made_by(path) or FIRST_OF_2
    numbers = ".".join(map(str, wanted))
    return f"{shlex.quote(sys.executable)} -m pip install 'duckdb>={numbers},<{wanted[0] + 1}'"


def installed_version() -> str:
    return f"DuckDB {duckdb.__version__}"


def unknown_version(config: StoreConfig, error: duckdb.Error) -> FeatureError | None:
    """The error for a storage version that the installed DuckDB does not write, None where that is not the reason."""
    if NOT_KNOWN not in str(error):
        return None
    return FeatureError(
        f"store.storage_version is '{config.storage_version}', which {installed_version()} does not write; "
        "set it to v1.0.0, which every DuckDB from 1.0 on reads, or install a newer DuckDB"
    )


def is_newer(written_in: str, config: StoreConfig) -> bool:
    """Whether a file is of a newer storage version, such as `v2.0.0+`, than the settings want."""
    return numbers_of(written_in) > numbers_of(config.storage_version)


def numbers_of(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))
