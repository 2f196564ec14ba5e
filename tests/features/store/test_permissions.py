"""Who may open what is in a store: its owner and its group, whatever the umask of whoever writes."""

import os
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

import features
from features import StoreConfig
from flows.cli.demo import create_store
from flows.pipelines.nightly import utc_now
from flows.report.report import run_report
from tests.conftest import Desk

DAY = "2025-03-01"


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0)
    yield os.umask
    os.umask(before)


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:04o}"


def test_what_a_night_makes_is_its_owners_to_write_and_its_groups_to_read(walked_store: Path) -> None:
    made = [path for path in walked_store.rglob("*") if not path.is_symlink() and path.name != "nightrank.toml"]

    kinds = {(path.suffix if path.is_file() else "folder", mode(path)) for path in made}
    assert kinds == {
        ("folder", "0750"),
        ("", "0640"),  # .lock
        (".queue", "0640"),
        (".parquet", "0640"),
        (".safetensors", "0640"),
        (".json", "0640"),
        (".html", "0640"),
        (".duckdb", "0640"),  # the record
        (".duckdb", "0440"),  # what is published
    }


@pytest.mark.parametrize(("asked", "file", "folder"), [(0o000, "0640", "0750"), (0o077, "0600", "0700")])
def test_an_open_umask_opens_nothing_and_a_strict_one_is_kept(
    asked: int, file: str, folder: str, umask: Callable[[int], int], desk: Desk, walked_store: Path
) -> None:
    umask(asked)
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source([(1, 10, 1, "buy", "2025-03-01 10:00:00")]), DAY, DAY)
        root = desk.store.root
        made = {path.name: mode(path) for path in (root, *root.iterdir())}
        [events] = warehouse.files("events.clicks", date.fromisoformat(DAY), date.fromisoformat(DAY))
        lake = mode(desk.store.lake / events.path)
    page = run_report(features.Store(walked_store, StoreConfig()), utc_now(), out=desk.folder / "page.html")
    create_store(desk.folder / "demo")

    assert made == {
        "store": folder,
        "lake": folder,
        "tmp": folder,
        ".lock": file,
        ".lock.queue": file,
        "warehouse.duckdb": file,
        "warehouse.duckdb.wal": file,
    }
    assert (lake, mode(page)) == (file, file)
    assert (mode(desk.folder / "demo"), mode(desk.folder / "demo" / "nightrank.toml")) == (folder, file)


def test_a_umask_is_as_it_was_after_two_who_wrote_at_once(umask: Callable[[int], int]) -> None:
    umask(0o002)
    began, ended = threading.Event(), threading.Event()

    def other() -> None:
        with features.private_umask:
            began.set()
            ended.wait()

    thread = threading.Thread(target=other)
    with features.private_umask:
        thread.start()
        began.wait()
    within = os.umask(0o027)
    ended.set()
    thread.join()

    assert (within, os.umask(0)) == (0o027, 0o002)
