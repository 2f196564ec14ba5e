"""The files of a source -> an error where they are parts of a table of Delta, Iceberg or Hudi, or of an unfinished job
of Spark: such files hold rows that were deleted, replaced or never committed."""

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import NoReturn

from features.errors import FeatureError
from features.store.duckdb_connection import glob_escaped
from features.store.sql_builder import literal

ICEBERG = re.compile(r"version-hint\.text|.+\.metadata\.json(\.gz)?|(snap-.+|.+-m\d+)\.avro")
HOLDS = "and its files also hold rows that were deleted or replaced"
EXPORT = "export its current rows to Parquet in another folder each time, and read that"
INSTALL = "which needs DuckDB's extension, installed once: duckdb -c 'install {extension}'"
DELTA = f"is a Delta table (_delta_log), {HOLDS}: read `delta_scan({{uri}})`, {INSTALL.format(extension='delta')}"
HINTED = (
    f"is an Iceberg table (metadata), {HOLDS}: read `iceberg_scan({{path}})`, {INSTALL.format(extension='iceberg')}; "
    f"or {EXPORT}"
)
UNHINTED = (
    f"is an Iceberg table (metadata), {HOLDS}: {EXPORT}; without metadata/version-hint.text DuckDB's iceberg_scan does "
    "not find its newest rows by the folder"
)
HUDI = f"is a Hudi table (.hoodie), {HOLDS}: {EXPORT}"
UNFINISHED = (
    "has files of a Spark job that still writes, or that failed (_temporary): wait for the job, or run it again; or "
    "read a pattern that leaves them out: {plain}, or {nested} where the files are in folders such as day=2025-03-01"
)
MARKED = {"_delta_log": f"{DELTA}; or {EXPORT}", "_temporary": UNFINISHED, ".hoodie": HUDI}


def require_plain_files(patterns: list[str], files: Iterable[str]) -> None:
    """Raises FeatureError where files belong to a table format, whose log alone says which rows count.

    `files` are those that the patterns find on this machine; of other machines only the patterns are known.
    """
    for folder in sorted(parent_folders(files)):
        for marker, reason in MARKED.items():
            if folder.name == marker:
                table_format_error(str(folder.parent), reason, patterns)
            if marker != "_temporary" and (folder / marker).is_dir():
                table_format_error(str(folder), reason, patterns)
        if is_iceberg(folder / "metadata"):
            has_hint = (folder / "metadata" / "version-hint.text").exists()
            table_format_error(str(folder), HINTED if has_hint else UNHINTED, patterns)
    for pattern in patterns:
        for marker in MARKED.keys() & set(pattern.split("/")):
            table_format_error(pattern.partition(f"/{marker}")[0], MARKED[marker], patterns)


def table_format_error(folder: str, reason: str, patterns: list[str]) -> NoReturn:
    files = f"*{PurePath(patterns[0]).suffix or '.parquet'}"
    read = {
        "path": folder,
        "uri": Path(folder).as_uri() if Path(folder).is_absolute() else folder,
        "plain": f"{glob_escaped(folder)}/{files}",
        "nested": f"{glob_escaped(folder)}/[!_]*/**/{files}",
    }
    raise FeatureError(f"{folder} {reason.format(**{name: literal(text) for name, text in read.items()})}")


def parent_folders(files: Iterable[str]) -> set[Path]:
    """Every folder above some files, and above what links among them point to."""
    near = {os.path.dirname(os.path.abspath(file)) for file in files}  # noqa: PTH100, PTH120 - fast, for many files
    near |= {os.path.dirname(os.path.realpath(file)) for file in files if os.path.islink(file)}  # noqa: PTH114, PTH120
    near |= {os.path.realpath(folder) for folder in near}
    return {above for folder in near for above in (Path(folder), *Path(folder).parents)}


def is_iceberg(metadata: Path) -> bool:
    """Whether a folder called metadata is that of an Iceberg table."""
    readable = metadata.is_dir() and os.access(metadata, os.R_OK)
    return readable and any(ICEBERG.fullmatch(entry.name) for entry in metadata.iterdir())
