"""Who may write: one at a time, the others in a queue."""

import threading
from pathlib import Path
from time import sleep

import pytest

from features import BusyError, Store, StoreConfig


def test_one_who_waits_gets_in_before_the_writer_takes_the_lock_again(tmp_path: Path) -> None:
    store = Store(tmp_path, StoreConfig(wait_seconds=30))
    order: list[str] = []
    waits = threading.Event()

    def nightly() -> None:
        waits.set()
        with store.writing("nightly"):
            order.append("nightly")

    with store.writing("backfill of Monday"):
        order.append("Monday")
        other = threading.Thread(target=nightly)
        other.start()
        waits.wait()
        sleep(0.3)  # until it stands in the queue
    with store.writing("backfill of Tuesday"):
        order.append("Tuesday")
    other.join()

    assert order == ["Monday", "nightly", "Tuesday"]


def test_who_has_waited_long_enough_is_told_who_is_writing(tmp_path: Path) -> None:
    store = Store(tmp_path, StoreConfig(wait_seconds=0.2))

    with (
        store.writing("nightrank train"),
        pytest.raises(BusyError, match=r"nightrank train \(process \d+\) is writing"),
        store.writing("nightrank nightly"),
    ):
        pass


def test_who_finds_somebody_looking_is_not_told_of_the_one_who_wrote_last(tmp_path: Path) -> None:
    store = Store(tmp_path, StoreConfig(wait_seconds=0))
    with store.writing("nightrank train"):
        pass

    with (
        store.undisturbed(),
        pytest.raises(BusyError, match="another process is looking at it, or about to write"),
        store.writing("nightrank nightly"),
    ):
        pass
