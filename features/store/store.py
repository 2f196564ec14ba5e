"""A store: one folder, what is in it, and who may write to it."""

import fcntl
import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import TextIO
from zoneinfo import ZoneInfo

from features.config import StoreConfig
from features.errors import BusyError, FeatureError
from features.store.permissions import private_umask

PUBLISHED = "published.duckdb"
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Store:
    """Where everything of a store is, and when its days begin."""

    root: Path
    config: StoreConfig

    def __post_init__(self) -> None:
        if "?" in str(self.root):  # DuckDB takes what follows it for settings, and misplaces its log
            raise FeatureError(f"{self.root}: DuckDB opens no file with ? in its path; name another store with --store")
        if "\\" in str(self.root) and treats_backslash_as_slash():
            raise FeatureError(
                f"{self.root}: DuckDB 2 takes \\ in the path of a database for /, and would open a file elsewhere; "
                "name another store with --store"
            )

    def command(self, words: str) -> str:
        """A command line of nightrank for this store, as a person types it in any folder."""
        return f"nightrank {words} --store {shlex.quote(str(self.root))}"

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.root / PUBLISHED

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def copies(self) -> Path:
        """Copies of the warehouse, the last few (features/store/warehouse_copies.py)."""
        return self.root / "copies"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def candidates(self) -> Path:
        """Where people put candidate sources of their own."""
        return self.root / "candidates"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def spill(self) -> Path:
        return self.root / "tmp"

    @property
    def lock(self) -> Path:
        return self.root / ".lock"

    def day_start(self, ds: date) -> datetime:
        """When the data day begins, in UTC without a zone, as times are everywhere inside."""
        return day_begins(ds, self.config.timezone)

    def day_end(self, ds: date) -> datetime:
        """The first moment that is not of the data day; midnight belongs to the next."""
        return self.day_start(ds + timedelta(days=1))

    def day_of(self, moment: datetime) -> date:
        """The data day of a moment in UTC without a zone."""
        ds = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(self.config.timezone)).date()
        if ds.year == date.max.year:
            return ds
        following = ds + timedelta(days=1)
        return following if moment >= self.day_start(following) else ds  # clocks put back over a midnight

    def newest_day_over(self, now: datetime) -> date:
        """The last data day that had ended at `now`, which carries its zone."""
        return self.day_of(in_utc(now)) - timedelta(days=1)

    def day_due(self, due: datetime) -> date:
        """The data day of a scheduled run that was due at `due`, which carries its zone.

        Where clocks skip midnight, 00:30 does not exist, and Prefect 3.8 makes the run due at 23:30, as long before the
        end of the day as clocks skip after it. The run is for the day that ends then.
        """
        over = self.newest_day_over(due)
        ending = over + timedelta(days=1)
        left = self.day_end(ending) - in_utc(due)
        return ending if left <= self.skipped_at_end(ending) else over

    def skipped_at_end(self, ds: date) -> timedelta:
        """How much of the next day clocks skip at its midnight, such as an hour; mostly nothing."""
        following = ds + timedelta(days=1)
        begins = self.day_start(following).replace(tzinfo=UTC).astimezone(ZoneInfo(self.config.timezone))
        if begins.date() != following:  # the whole day is skipped, at the date line
            return timedelta()
        return begins.replace(tzinfo=None) - datetime.combine(following, time())

    @contextmanager
    def writing(self, who: str) -> Iterator[None]:
        """Holds the store's lock, which the kernel frees should this process die. What is made meanwhile is closed to
        others.

        Whoever waits stands in a queue, so that a backfill, which takes the lock for one day after the other, lets in
        who came meanwhile. Raises BusyError, naming the holder, where it is not free within `wait_seconds`.
        """
        with private_umask, self.opened(self.lock) as handle:
            with self.opened(self.lock.with_suffix(".queue")) as queue:  # left, and freed, as soon as the lock is had
                until = monotonic() + self.config.wait_seconds
                self.wait_for(queue, until)
                self.wait_for(handle, until)
            handle.truncate(0)
            handle.write(json.dumps({"who": who, "pid": os.getpid()}))
            handle.flush()
            try:
                yield
            finally:
                handle.truncate(0)  # whoever looks at the store next holds the lock too, and is not this one

    def opened(self, path: Path) -> TextIO:
        """A file to lock; the folder of the store begins with it."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            return path.open("a+")
        except OSError as error:
            raise FeatureError(
                f"{self.root}: cannot be written ({error.strerror}); name another store with --store"
            ) from error

    def wait_for(self, handle: TextIO, until: float, kind: int = fcntl.LOCK_EX) -> None:
        """Locks a file, or raises BusyError at the moment `until` of the steady clock."""
        while True:
            try:
                return fcntl.flock(handle, kind | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if monotonic() >= until:
                    raise self.busy() from error
            sleep(POLL_SECONDS)

    @contextmanager
    def undisturbed(self, wait_seconds: float) -> Iterator[None]:
        """Keeps writers waiting for as long as a look at the record takes; writes nothing, not even to the lock.

        Raises BusyError, naming the holder, where somebody still writes after `wait_seconds`.
        """
        if not self.lock.exists():
            yield
            return
        with self.lock.open() as handle:
            self.wait_to_read(handle, monotonic() + wait_seconds)
            yield

    def wait_to_read(self, handle: TextIO, until: float) -> None:
        """Shares the lock with other readers. A reader that finds it taken joins the queue of the writers: a backfill
        takes the lock again for each of its days, and would keep the reader waiting to its end."""
        try:
            return fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            queue = self.lock.with_suffix(".queue")
            if monotonic() >= until or not queue.exists():
                return self.wait_for(handle, until, fcntl.LOCK_SH)
            with queue.open() as place:
                self.wait_for(place, until, fcntl.LOCK_SH)
                return self.wait_for(handle, until, fcntl.LOCK_SH)

    def busy(self) -> BusyError:
        """The error that names who holds the lock."""
        try:
            held = json.loads(self.lock.read_text())
            holder = f"{held['who']} (process {held['pid']}) is writing"
        except (OSError, ValueError, KeyError):
            holder = "another process is looking at it, or about to write"
        return BusyError(f"{self.root}: {holder}; try again when it is done")


def treats_backslash_as_slash() -> bool:
    """Whether the installed DuckDB looks for a database in other folders than its path names."""
    import duckdb  # here, since a store is also named where nothing of DuckDB is needed

    return not duckdb.__version__.startswith("1.")


def day_begins(ds: date, timezone: str) -> datetime:
    """Midnight there, in UTC without a zone."""
    return datetime.combine(ds, time(), tzinfo=ZoneInfo(timezone)).astimezone(UTC).replace(tzinfo=None)


def in_utc(moment: datetime) -> datetime:
    """A moment that carries its zone, in UTC without one."""
    return datetime.fromtimestamp(moment.timestamp(), UTC).replace(tzinfo=None)  # Prefect's are no plain datetimes


def epoch_microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of a UTC time without a zone."""
    return (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)  # noqa: DTZ001 - both sides are UTC
