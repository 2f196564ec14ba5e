"""A night that a schedule should have built, and that is not there."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from features import FeatureError, Store, StoreConfig
from flows.deployments import schedule
from flows.deployments.backlog import next_runs, runs_due, skip_late_runs
from flows.pipelines.overdue_nights import lateness
from flows.pipelines.recorded_schedules import SCHEDULES, Schedule, load_schedules, record_schedules, stop_schedules

SINCE = datetime(2026, 3, 1)
NIGHT = Schedule("nightly", "nightly", "30 1 * * *", "UTC", SINCE)
TRAIN = Schedule("train", "train", "0 4 * * *", "UTC", SINCE)
GRACE = timedelta(hours=2)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", StoreConfig())


def said(
    store: Store, now: datetime, published: date | None, tried: tuple[date, ...] = (), writer: str | None = None
) -> list[tuple[str, str]]:
    found = lateness(store, now, GRACE, published, list(tried), writer)
    return [(one.state, one.sentence) for one in found]


def test_a_night_is_overdue_two_hours_after_it_was_due(store: Store) -> None:
    record_schedules(store, ["nightly", "train"], [NIGHT, TRAIN])
    yesterday = date(2026, 3, 9)

    assert said(store, datetime(2026, 3, 11, 3, 29), yesterday) == []
    assert said(store, datetime(2026, 3, 11, 3, 30), yesterday) == [
        (
            "overdue",
            "the night of 2026-03-10 was due at 2026-03-11 01:30 UTC by nightly (30 1 * * *, UTC), 2.0 hours ago, "
            "and is not published",
        )
    ]
    assert said(store, datetime(2026, 3, 11, 3, 30), date(2026, 3, 10)) == []
    assert said(store, datetime(2026, 3, 11, 3, 30), yesterday, tried=(date(2026, 3, 10),)) == []


def test_a_night_that_is_being_built_is_running_and_another_writer_is_named(store: Store) -> None:
    record_schedules(store, ["nightly"], [NIGHT])
    now, due = datetime(2026, 3, 11, 5, 30), "the night of 2026-03-10 was due at 2026-03-11 01:30 UTC by nightly"
    nightly, other = "x: nightrank nightly (process 7) is writing", "x: nightrank backfill (process 7) is writing"

    assert said(store, now, date(2026, 3, 9), writer=nightly) == [
        ("running", f"{due} (30 1 * * *, UTC); nightrank nightly is running")
    ]
    assert said(store, now, date(2026, 3, 9), writer=other) == [
        ("overdue", f"{due} (30 1 * * *, UTC), 4.0 hours ago, and is not published; {other}")
    ]


def test_nothing_is_overdue_before_the_first_run_or_once_it_was_stopped_on_purpose(store: Store) -> None:
    record_schedules(store, ["nightly"], [NIGHT])
    assert said(store, datetime(2026, 3, 1, 1, 29), None) == []

    stop_schedules(store, ["nightly"], datetime(2026, 3, 5, 12))
    assert said(store, datetime(2026, 3, 20), date(2026, 3, 3)) == [
        ("stopped", "nightly (30 1 * * *, UTC) was stopped at 2026-03-05 12:00 UTC; no night starts by itself")
    ]


def test_a_schedule_of_a_minute_and_one_of_a_year_are_followed(store: Store) -> None:
    each_minute = Schedule("a", "nightly", "* * * * *", "UTC", SINCE)
    each_year = Schedule("b", "nightly", "0 2 1 1 *", "UTC", datetime(2020, 1, 1))
    record_schedules(store, ["a", "b"], [each_minute, each_year])

    states = said(store, datetime(2026, 3, 11, 12, 0, 30), None)

    assert [sentence.split(" by ")[0] for _, sentence in states] == [
        "the night of 2026-03-10 was due at 2026-03-11 10:00 UTC",
        "the night of 2025-12-31 was due at 2026-01-01 02:00 UTC",
    ]


def test_a_schedule_that_goes_on_keeps_its_beginning_and_one_that_is_gone_goes(store: Store) -> None:
    record_schedules(store, ["nightly", "train"], [NIGHT, TRAIN])
    later = Schedule("nightly", "nightly", "30 1 * * *", "UTC", datetime(2026, 4, 1))

    record_schedules(store, ["nightly"], [later])
    assert load_schedules(store) == [TRAIN, NIGHT]
    record_schedules(store, ["train"], [])
    assert load_schedules(store) == [NIGHT]
    stop_schedules(store, ["nightly"], datetime(2026, 3, 20))
    record_schedules(store, ["nightly"], [later])
    assert load_schedules(store) == [later]
    assert [path.name for path in store.root.iterdir()] == [SCHEDULES]
    assert (store.root / SCHEDULES).stat().st_mode & 0o777 == 0o640


def test_a_damaged_record_names_the_file_and_what_to_type(store: Store) -> None:
    store.root.mkdir()
    (store.root / SCHEDULES).write_text("{")

    with pytest.raises(FeatureError, match=r"schedules\.json: cannot be read .*; remove it, and start nightrank serve"):
        load_schedules(store)


def test_status_and_doctor_report_an_overdue_night_and_a_schedule_of_another_zone(
    own_store: Path, nightrank: Any
) -> None:
    opened = Store(own_store, StoreConfig())
    cairo = Schedule("nightly", "nightly", "30 1 * * *", "Africa/Cairo", datetime(2025, 3, 20))
    record_schedules(opened, ["nightly"], [cairo])

    shown, fresh = (
        nightrank("status", "--store", own_store),
        nightrank("status", "--max-age", "9999d", "--store", own_store),
    )
    assert (shown.code, fresh.code) == (0, 1)
    assert "overdue    the night of " in shown.out
    assert f"rm {own_store}/schedules.json" in shown.out
    assert "is not published; start nightrank serve or the worker again" in fresh.err
    as_json = json.loads(nightrank("status", "--json", "--store", own_store).out)
    assert [one["state"] for one in as_json["schedules"]] == ["overdue"]

    found = nightrank("doctor", "--store", own_store)
    assert found.code == 1
    assert "BROKEN  no night of a recorded schedule is overdue" in found.out
    assert "the schedule of nightly is in Africa/Cairo, and store.timezone is UTC" in found.out

    (own_store / SCHEDULES).unlink()  # as printed
    assert nightrank("status", "--max-age", "9999d", "--store", own_store).code == 0
    assert nightrank("doctor", "--store", own_store).code == 0


class Server:
    """As much of a Prefect server as serve asks about runs."""

    def __init__(self, *minutes: int, asked_for: int = 0) -> None:
        now = datetime.now().astimezone()
        self.runs = [
            SimpleNamespace(id=minute, auto_scheduled=True, next_scheduled_start_time=now + timedelta(minutes=minute))
            for minute in sorted(minutes)
        ]
        self.runs += [SimpleNamespace(id=0, auto_scheduled=False, next_scheduled_start_time=now)] * asked_for
        self.cancelled: list[int] = []

    def read_flow_runs(self, *, limit: int, offset: int, **_: Any) -> list[Any]:
        return self.runs[offset : offset + limit]

    def set_flow_run_state(self, run: int, state: Any, force: bool) -> None:
        assert (state.name, force) == ("Cancelled", True)
        self.cancelled.append(run)


def test_of_late_runs_the_newest_stays_and_what_a_person_asked_for(store: Store) -> None:
    server = Server(-240, -180, -120, -60, 60, asked_for=1)

    assert skip_late_runs(cast(Any, server), uuid4()) == 3
    assert server.cancelled == [-240, -180, -120]
    assert skip_late_runs(cast(Any, Server(-60, 60)), uuid4()) == 0
    assert len(runs_due(cast(Any, Server(*range(-450, 0))), uuid4())) == 450


def test_a_deployment_that_the_server_does_not_schedule_has_no_next_run() -> None:
    named: dict[str, UUID] = {"nightly": uuid4()}

    assert list(next_runs(cast(Any, Server(-5, 5, 65)), named, patience_seconds=0)) == ["nightly"]
    assert next_runs(cast(Any, Server(-5)), named, patience_seconds=0) == {}


def test_a_run_that_comes_before_its_day_is_over_waits_for_the_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    ends = store.day_end(date(2026, 4, 23))
    moments = iter([ends - timedelta(seconds=90), ends - timedelta(seconds=30), ends])
    monkeypatch.setattr(schedule, "utc_now", lambda: next(moments))
    monkeypatch.setattr(schedule.time, "sleep", slept.append)

    schedule.wait_for_end(store, date(2026, 4, 23))

    assert slept == [60, 31]
