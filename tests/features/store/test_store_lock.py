"""Who may write: one at a time, the others in a queue."""

import fcntl
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
        store.undisturbed(wait_seconds=0),
        pytest.raises(BusyError, match="another process is looking at it, or about to write"),
        store.writing("nightrank nightly"),
    ):
        pass


def test_a_reader_waits_as_long_as_it_may_and_then_says_who_writes(tmp_path: Path) -> None:
    store = Store(tmp_path, StoreConfig())

    with (
        store.writing("nightrank train"),
        pytest.raises(BusyError, match=r"nightrank train \(process \d+\) is writing"),
        store.undisturbed(wait_seconds=0.3),
    ):
        pass


def test_a_reader_gets_in_between_two_days_of_a_backfill(tmp_path: Path) -> None:
    store = Store(tmp_path, StoreConfig(wait_seconds=30))
    order: list[str] = []
    waits = threading.Event()

    def plan() -> None:
        waits.set()
        with store.undisturbed(wait_seconds=30):
            order.append("plan")

    with store.writing("backfill of Monday"):
        reader = threading.Thread(target=plan)
        reader.start()
        waits.wait()
        while not in_queue(store):
            pass
    with store.writing("backfill of Tuesday"):
        order.append("Tuesday")
    reader.join()

    assert order == ["plan", "Tuesday"]


def in_queue(store: Store) -> bool:
    """Whether somebody stands in the queue of the lock."""
    with store.lock.with_suffix(".queue").open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
