"""Files of the lake: written by several at once, in folders of any name."""

import errno
import hashlib
import os
import threading
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

import features
from features import FeatureError, Store, StoreConfig
from features.store import lake
from tests.conftest import Desk

DAY = date(2025, 3, 1)
DUCKDB_1 = duckdb.__version__.startswith("1.")
BACKSLASH = pytest.param("back\\slash", marks=pytest.mark.skipif(not DUCKDB_1, reason="DuckDB 2 takes it for a slash"))
EVENT = (1, 10, 7, "buy", "2025-03-01 10:00:00")


def test_writers_of_one_bucket_never_share_a_file(tmp_path: Path) -> None:
    store = Store(tmp_path, StoreConfig())
    start = threading.Barrier(4)

    def write(writer: int) -> None:
        start.wait()
        for number in range(20):
            lake.write(store, pl.DataFrame({"writer": [writer] * 500, "number": [number] * 500}), "histories", DAY)

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()

    made = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    hashes = [f"bucket-0-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}.parquet" for path in made]
    assert [path.name for path in made] == hashes
    assert len(made) == 80


def test_a_file_is_closed_to_others_though_nobody_holds_the_lock(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        file = lake.write(Store(tmp_path, StoreConfig()), pl.DataFrame({"a": [1]}), "events.clicks", DAY)
    finally:
        os.umask(before)

    path = tmp_path / "lake" / file.path
    modes = [f"{one.stat().st_mode & 0o777:04o}" for one in (path, path.parent, tmp_path / "lake")]
    assert modes == ["0640", "0750", "0750"]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(lake, "flush", full)
    with pytest.raises(OSError, match="No space left"):
        lake.write(Store(tmp_path, StoreConfig()), pl.DataFrame({"a": [1]}), "histories", DAY)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["a*b", "s[1]", "[!a]", "x[", "**", "{a,b}", "it's", "per%20cent", BACKSLASH])
def test_a_store_reads_no_folder_but_its_own_whatever_its_name(tmp_path: Path, name: str) -> None:
    neighbour, desk = Desk(tmp_path / "a-copy-b", StoreConfig()), Desk(tmp_path / name, StoreConfig())
    neighbour.folder.mkdir()
    source = neighbour.source([EVENT])
    for one in (neighbour, desk):
        with one.open() as warehouse:
            one.ingest(warehouse, source, "2025-03-01", "2025-03-01")

    with desk.open() as warehouse:
        events = features.build_histories(warehouse, DAY)

    assert events == 1


def test_a_path_with_a_question_mark_is_refused() -> None:
    with pytest.raises(FeatureError, match=r"/srv/what\?: DuckDB opens no file with \? in its path; name another"):
        Store(Path("/srv/what?"), StoreConfig())


@pytest.mark.skipif(DUCKDB_1, reason="DuckDB 1 opens it")
def test_a_path_with_a_backslash_is_refused_where_duckdb_takes_it_for_a_slash() -> None:
    with pytest.raises(FeatureError) as refused:
        Store(Path("/srv/back\\slash"), StoreConfig())

    assert str(refused.value) == (
        "/srv/back\\slash: DuckDB 2 takes \\ in the path of a database for /, and would open a file elsewhere; "
        "name another store with --store"
    )
