"""Schedules -> `schedules.json` in the store: what should start there, and when, also without a Prefect server.

A file of its own, replaced whole: it is written while a night holds the store's lock, and before there is a warehouse.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from features import FeatureError, Store, private_umask

SCHEDULES = "schedules.json"


@dataclass(frozen=True)
class Schedule:
    """A cron schedule of a deployment. No run is due before `since`, nor after `stopped` (both UTC without a zone)."""

    deployment: str
    flow: str
    cron: str
    timezone: str
    since: datetime
    stopped: datetime | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.deployment, self.cron, self.timezone


def load_schedules(store: Store) -> list[Schedule]:
    """The recorded schedules, none where nothing is recorded. Raises FeatureError where the file is damaged."""
    path = store.root / SCHEDULES
    try:
        return [with_times(one) for one in json.loads(path.read_text(encoding="utf-8"))["schedules"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FeatureError(
            f"{path}: cannot be read ({error}); remove it, and start nightrank serve again, which writes it"
        ) from error


def with_times(given: dict[str, str | None]) -> Schedule:
    times = {name: datetime.fromisoformat(text) for name in ("since", "stopped") if (text := given.get(name))}
    return Schedule(**{**given, **times})  # type: ignore[arg-type]


def record_schedules(store: Store, deployments: Iterable[str], schedules: Iterable[Schedule]) -> None:
    """Replaces what is recorded of these deployments. A schedule that runs on unchanged keeps its `since`."""
    before = readable_schedules(store)
    since = {one.key: one.since for one in before if not one.stopped}
    gone = set(deployments)
    kept = [one for one in before if one.deployment not in gone]
    found = [replace(one, since=since.get(one.key, one.since)) for one in schedules]
    if [*kept, *found] != before:
        save_schedules(store, [*kept, *found])


def stop_schedules(store: Store, deployments: Iterable[str], now: datetime) -> None:
    """Records that nothing starts the runs of these deployments any more, on purpose."""
    stopping = set(deployments)
    save_schedules(
        store,
        [
            replace(one, stopped=one.stopped or now) if one.deployment in stopping else one
            for one in readable_schedules(store)
        ],
    )


def readable_schedules(store: Store) -> list[Schedule]:
    """The recorded schedules; a damaged file counts as none where it is about to be replaced."""
    try:
        return load_schedules(store)
    except FeatureError:
        return []


def save_schedules(store: Store, schedules: list[Schedule]) -> None:
    text = json.dumps({"schedules": [asdict(one) for one in schedules]}, indent=2, default=datetime.isoformat)
    try:
        store.root.mkdir(parents=True, exist_ok=True)
        with (
            private_umask,
            NamedTemporaryFile("w", dir=store.root, prefix=f".{SCHEDULES}.", encoding="utf-8", delete=False) as file,
        ):
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o640)
        Path(file.name).replace(store.root / SCHEDULES)
    except OSError as error:
        raise FeatureError(f"{store.root / SCHEDULES}: cannot be written ({error.strerror})") from error
