"""What stops a run from outside: its time is over, SIGTERM, Ctrl-C; and the few lines that none of them may part.

A signal's handler runs in the main thread between two steps of Python, and DuckDB asks for it while a query runs: it
stops the query, in_sentences gives back what the handler raised, and transactions are rolled back on the way out.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import Timer, current_thread, main_thread
from types import FrameType

from features import Warehouse
from features.config import MAX_SECONDS, require_between
from flows.runtime.steps import StageTimer

INTERRUPTS = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)


@dataclass(frozen=True)
class TimeoutConfig:
    """The most seconds that a night may take, or a training; 0: any. The reading of sources before a night, and a day
    of a backfill, may take as long as a night."""

    night_seconds: float = 0
    train_seconds: float = 0

    def __post_init__(self) -> None:
        require_between(self, 0, MAX_SECONDS, "night_seconds", "train_seconds")


class TimeoutExceeded(Exception):
    """A run took longer than its setting allows. Nothing is half-written."""


def within_night(run: Warehouse, config: TimeoutConfig, stages: StageTimer) -> AbstractContextManager[None]:
    return time_limit(run, config.night_seconds, "timeouts.night_seconds", lambda: stages.at)


def within_training(run: Warehouse, config: TimeoutConfig, stages: StageTimer) -> AbstractContextManager[None]:
    return time_limit(run, config.train_seconds, "timeouts.train_seconds", lambda: stages.at)


@contextmanager
def time_limit(run: Warehouse, seconds: float, setting: str, at: Callable[[], str]) -> Iterator[None]:
    """Raises TimeoutExceeded, naming the setting and the stage that `at` gives, if the block takes longer; 0: it may.

    In the main thread wherever it is: in a query of DuckDB, between two batches of torch or two calls of Polars. In
    another thread, which no signal reaches, as soon as a query of this run is at work.
    """

    def ring(*_: object) -> None:
        raise TimeoutExceeded(
            f"stopped in {at()} after {seconds:g} seconds, the most that {setting} allows; what was finished is kept: "
            "run the same again, or set it higher"
        )

    if not seconds:
        yield
    elif current_thread() is main_thread():
        with alarm(seconds, ring):
            yield
    else:
        with interrupt_after(run, seconds, ring):
            yield


@contextmanager
def alarm(seconds: float, ring: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Calls `ring` when the seconds are over; one around it goes on afterwards with what is left of its own."""
    began, handler = time.monotonic(), signal.signal(signal.SIGALRM, ring)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 0.001))


@contextmanager
def interrupt_after(run: Warehouse, seconds: float, ring: Callable[[], None]) -> Iterator[None]:
    """Interrupts the query that is at work when the seconds are over, and calls `ring` for it."""
    timer = Timer(seconds, run.con.interrupt)
    timer.start()
    try:
        yield
    except Exception:
        if timer.finished.is_set():
            ring()
        raise
    finally:
        timer.cancel()


@contextmanager
def defer_signals() -> Iterator[None]:
    """Puts off whatever would interrupt these lines until they are done."""
    if current_thread() is not main_thread():
        yield
        return
    came: list[int] = []
    before = {one: signal.signal(one, lambda number, _: came.append(number)) for one in INTERRUPTS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        for number in came[:1]:
            signal.raise_signal(number)
