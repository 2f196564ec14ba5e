"""Recorded schedules and published nights -> the nights that are overdue, running or stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import features
from features import FeatureError, Store, in_utc
from flows.pipelines.recorded_schedules import SCHEDULES, Schedule, load_schedules
from flows.settings import load_settings, open_store

if TYPE_CHECKING:
    from features import Finding, Status

NIGHT = "nightly"
WRITER = "nightrank nightly ("  # how the lock names a night that is being built
REMEDY = "start nightrank serve or the worker again, and build it with: nightrank nightly --store {root}"


@dataclass(frozen=True)
class Lateness:
    """A schedule that is not on time: `overdue`, `running` or `stopped`, a sentence that says so, and what to type."""

    state: str
    sentence: str
    remedy: str = ""


def lateness(
    store: Store, now: datetime, grace: timedelta, published: date | None, tried: list[date], writer: str | None
) -> list[Lateness]:
    """The nightly schedules that are not on time at `now`, UTC without a zone.

    A night is on time within `grace` of when it was due. `published` is the newest published night, `tried` those that
    a check stopped or that were rolled back, and `writer` names who is writing.
    """
    newest = max([day for day in [published, *tried] if day], default=date.min)
    found = [late(store, one, now, grace, newest, writer) for one in load_schedules(store) if one.flow == NIGHT]
    return [one for one in found if one]


def late(
    store: Store, schedule: Schedule, now: datetime, grace: timedelta, newest: date, writer: str | None
) -> Lateness | None:
    named = f"{schedule.deployment} ({schedule.cron}, {schedule.timezone})"
    until = schedule.stopped or now
    due = newest_due(schedule, until if writer and WRITER in writer else until - grace)
    missing = store.day_due(due.replace(tzinfo=UTC)) if due else date.min
    if schedule.stopped:
        stopped = f"{named} was stopped at {schedule.stopped:%Y-%m-%d %H:%M} UTC; no night starts by itself"
        return Lateness("stopped", stopped, "nightrank serve")
    if due is None or missing <= newest:
        return None
    was_due = f"the night of {missing} was due at {due:%Y-%m-%d %H:%M} UTC by {named}"
    if writer and WRITER in writer:
        return Lateness("running", f"{was_due}; nightrank nightly is running")
    hours = (now - due).total_seconds() / 3600
    remedy = f"{REMEDY.format(root=store.root)}; if there is no such schedule any more: rm {store.root / SCHEDULES}"
    waits = f"; {writer}" if writer else ""
    return Lateness("overdue", f"{was_due}, {hours:.1f} hours ago, and is not published{waits}", remedy)


def newest_due(schedule: Schedule, until: datetime) -> datetime | None:
    """When the newest run up to `until` was due, UTC without a zone; None where none was due since the record began.

    Looks back in widening steps, since a cron may be due each minute or once a year.
    """
    for days in (0.02, 2, 40, 800):
        start = max(schedule.since, until - timedelta(days=days))
        dates = due_between(schedule, start, until) if start <= until else []
        if dates or start == schedule.since:
            return dates[-1] if dates else None
    return None


def due_between(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    """When runs are due from `start` to `end`, by the server's own arithmetic. Raises FeatureError for a bad cron."""
    import asyncio

    from prefect.server.schemas.schedules import CronSchedule  # seconds: only stores with schedules pay them

    try:
        cron = CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
        dates = asyncio.run(cron.get_dates(start=start.replace(tzinfo=UTC), end=end.replace(tzinfo=UTC)))
    except ValueError as error:
        raise FeatureError(f"the cron {schedule.cron!r} of {schedule.deployment} cannot be read ({error})") from error
    return [in_utc(one) for one in dates]


def other_zones(store: Store, timezone: str) -> list[str]:
    """A sentence for each recorded nightly schedule that is in another time zone than the store."""
    return [
        other_zone(one.deployment, one.timezone, timezone)
        for one in load_schedules(store)
        if one.flow == NIGHT and one.timezone != timezone and not one.stopped
    ]


def other_zone(deployment: str, given: str, kept: str) -> str:
    return f"the schedule of {deployment} is in {given}, and store.timezone is {kept}"


def overdue_of(status: Status, root: Path, now: datetime) -> list[Lateness]:
    """What `status` found -> the schedules that are not on time. Settings that are not understood are no reason to say
    nothing else: the sentence says that they are not."""
    if not (root / SCHEDULES).exists():
        return []
    nights = [night["ds"] for night in status.parts["nights"]]
    tried = [night["ds"] for part in ("stopped", "rolled_back") for night in status.parts[part]]
    try:
        settings = load_settings(root)
        grace = timedelta(hours=settings.alerts.overdue_hours)
        return lateness(open_store(root, settings), now, grace, max(nights, default=None), tried, status.writer)
    except FeatureError as error:
        return [Lateness("unknown", f"whether a night is overdue: {error}")]


def findings(status: Status, root: Path, now: datetime) -> list[Finding]:
    """What `doctor` says of recorded schedules: a promise, and a note. Without a record, nothing."""
    settings = load_settings(root)
    store = open_store(root, settings)
    if not (store.root / SCHEDULES).exists():
        return []
    late = [one for one in overdue_of(status, root, now) if one.state in ("overdue", "unknown")]
    zone = settings.store.timezone
    remedy = f"write timezone: {zone} in prefect.yaml, and start nightrank serve or deploy again"
    apart = (
        [features.Violation(one, remedy) for one in other_zones(store, zone)]
        if not late or late[0].state != "unknown"
        else []
    )
    return [
        features.Finding(
            "scheduled_nights_are_published",
            "no night of a recorded schedule is overdue",
            is_note=False,
            broken=[features.Violation(one.sentence, one.remedy or f"rm {store.root / SCHEDULES}") for one in late],
        ),
        features.Finding(
            "schedules_are_in_the_zone", "nightly schedules are in store.timezone", is_note=True, broken=apart
        ),
    ]
