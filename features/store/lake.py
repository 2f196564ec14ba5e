"""Frames <-> Parquet files that never change: written aside, flushed to the disk, renamed, and hashed."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import FeatureError
from features.store.permissions import make_folder, new_file_aside
from features.store.store import Store

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class LakeFile:
    """A file of the lake as the ledger names it; `path` is relative to the lake."""

    asset: str
    ds: date
    bucket: int
    path: str
    sha256: str
    rows: int
    bytes: int


def write(store: Store, frame: pl.DataFrame, asset: str, ds: date, bucket: int = 0) -> LakeFile:
    """Writes one partition. The name carries the hash of the content, so the same rows give the same file."""
    folder = store.lake / asset.replace(".", "/") / f"ds={ds}"
    make_folder(folder)
    with new_file_aside(folder / f"bucket-{bucket}") as making:
        frame.write_parquet(making, compression="zstd", compression_level=1)  # a tenth faster than 3, 1 % more bytes
        digest = sha256(making)
        made = folder / f"bucket-{bucket}-{digest[:12]}.parquet"
        flush(making)
        size = making.stat().st_size
        making.rename(made)
    return LakeFile(asset, ds, bucket, str(made.relative_to(store.lake)), digest, len(frame), size)


def verified_path(store: Store, file: LakeFile) -> str:
    """The full path of a file whose bytes are those that were written. Raises FeatureError where they are not."""
    path = store.lake / file.path
    if not path.exists():
        raise FeatureError(f"{path}: is missing; rebuild it with: {rebuild_command(store, file)}")
    if cached_sha256(path) != file.sha256:
        raise FeatureError(
            f"{path}: is damaged, its bytes are not those written; rebuild it with: {rebuild_command(store, file)}"
        )
    return str(path)


def read(
    store: Store, file: LakeFile, query: Callable[[pl.LazyFrame], pl.LazyFrame] = lambda rows: rows
) -> pl.DataFrame:
    """The rows of a file, or what a query takes of them, read while its bytes are hashed.

    Raises FeatureError where they are not those that were written.
    """
    with ThreadPoolExecutor(1) as beside:
        checked = beside.submit(verified_path, store, file)
        try:
            frame = query(scan(store.lake / file.path)).collect()
        except BaseException:  # a damaged file may stop its reader in any way
            checked.result()
            raise
        checked.result()
    return frame


def scan(path: Path) -> pl.LazyFrame:
    """The rows of one Parquet file, whatever characters its path has: no name in it is a pattern."""
    import polars as pl  # a command that only looks does without: a sixth of a second

    return pl.scan_parquet(path, glob=False, hive_partitioning=False)


def all_intact(store: Store, files: list[LakeFile]) -> bool:
    """Whether the bytes of each file are those that were written."""
    with ThreadPoolExecutor(store.config.threads) as pool:
        return all(pool.map(lambda file: is_intact(store, file), files))


def is_intact(store: Store, file: LakeFile) -> bool:
    """Whether the file's bytes are those that were written."""
    try:
        verified_path(store, file)
    except FeatureError:
        return False
    return True


def rebuild_command(store: Store, file: LakeFile) -> str:
    """The command that makes a file anew; one that is derived must be away before, since the plan reads none."""
    kind, _, source = file.asset.partition(".")
    if kind == "impressions":
        return f"nightrank ingest {source} --as impressions --store {shlex.quote(str(store.root))}"
    if source:  # events, and the duplicates and refused rows beside them
        return f"nightrank ingest {source} --full --store {shlex.quote(str(store.root))}"
    path, root = (shlex.quote(str(one)) for one in (store.lake / file.path, store.root))
    return f"rm -f {path} && nightrank backfill {file.ds} {file.ds} --mode failed --store {root}"


def sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def cached_sha256(path: Path) -> str:
    """sha256 of a file; worked out once a process for a file that nobody writes to."""
    found = path.stat()
    return remembered_hash(path, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@lru_cache(maxsize=10_000)
def remembered_hash(path: Path, *_: int) -> str:
    return sha256(path)


def flush(path: Path) -> None:
    """Forces a file, or the entries of a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
