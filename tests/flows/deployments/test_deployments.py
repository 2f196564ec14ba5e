"""prefect.yaml as it is deployed: a server, a process work pool, a worker that was down for three nights."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import duckdb
import pytest

ROOT = Path(__file__).parents[3]
PREFECT = [sys.executable, "-m", "prefect"]
PATIENCE_SECONDS = 300
STOP_SECONDS = 30
SILENT = subprocess.DEVNULL
LATE = """
import sys
from datetime import datetime
from prefect.client.orchestration import get_client
from prefect.states import Scheduled
with get_client(sync_client=True) as client:
    nightly = client.read_deployment_by_name("nightly/nightly")
    for due in sys.argv[1:]:
        client.create_flow_run_from_deployment(nightly.id, state=Scheduled(scheduled_time=datetime.fromisoformat(due)))
"""


@contextmanager
def running(environment: dict[str, str], *words: str) -> Iterator[None]:
    """A command that runs as long as the block does; nothing that it started outlives it."""
    command = [sys.executable, "-m", *words]
    with subprocess.Popen(command, env=environment, stdout=SILENT, stderr=SILENT, start_new_session=True) as it:
        try:
            yield
        finally:
            it.terminate()
            with suppress(subprocess.TimeoutExpired):
                it.wait(STOP_SECONDS)
            with suppress(ProcessLookupError):
                os.killpg(it.pid, signal.SIGKILL)


def said(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait_until(holds: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < until, f"{what} did not come about"
        time.sleep(1)


def found(environment: dict[str, str], what: str) -> list[dict[str, Any]]:
    """What the server's API has of `flow_runs` or `deployments`."""
    asked = Request(  # noqa: S310 - a server of this test
        f"{environment['PREFECT_API_URL']}/{what}/filter", b"{}", {"Content-Type": "application/json"}
    )
    with urlopen(asked) as answer:  # noqa: S310
        return json.load(answer)


def states(environment: dict[str, str], wanted: Callable[[dict[str, Any]], bool]) -> list[str]:
    """The states of the runs that are wanted."""
    return [run["state_type"] for run in found(environment, "flow_runs") if wanted(run)]


def served(environment: dict[str, str]) -> list[tuple[str, ...]]:
    """Each deployment with its schedules."""
    return sorted(
        (one["name"], *(schedule["schedule"]["cron"] for schedule in one["schedules"]))
        for one in found(environment, "deployments")
    )


def was_late(run: dict[str, Any]) -> bool:
    return run["expected_start_time"].startswith("2025")


def answers(url: str) -> bool:
    try:
        return urlopen(url).status == 200  # noqa: S310 - a server of this test
    except (URLError, ConnectionError):
        return False


@contextmanager
def server(store: Path, folder: Path) -> Iterator[dict[str, str]]:
    """A Prefect server of its own; gives the environment that leads to it, and to the store."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = os.environ | {
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "NIGHTRANK_STORE_PATH": str(store),
    }
    with running(environment, "prefect", "server", "start", "--host", "127.0.0.1", "--port", port):
        wait_until(lambda: answers(f"{environment['PREFECT_API_URL']}/health"), "the server")
        yield environment


@pytest.mark.deployment
def test_a_worker_that_was_down_for_three_nights_builds_each_of_them_once(own_store: Path, tmp_path: Path) -> None:
    due = [f"2025-03-{day}T01:30:00+00:00" for day in (22, 23, 24)]
    with server(own_store, tmp_path) as environment:
        said(environment, *PREFECT, "work-pool", "create", "nightrank", "--type", "process")
        said(environment, *PREFECT, "deploy", "--all", "--no-prompt")
        said(environment, sys.executable, "-c", LATE, *due)
        with running(environment, "prefect", "worker", "start", "--pool", "nightrank"):
            wait_until(lambda: states(environment, was_late) == ["COMPLETED"] * 3, "the three runs")
    with duckdb.connect(str(own_store / "warehouse.duckdb"), read_only=True) as con:
        ranked = con.execute(
            "select nights.ds::varchar, nights.published_at is not null, count(*) from ops.nights as nights"
            " inner join ops.runs as runs on runs.command = 'nightly' and runs.ds = nights.ds"
            " where nights.ds > '2025-03-20' group by all order by all"
        ).fetchall()
    assert ranked == [("2025-03-21", True, 1), ("2025-03-22", True, 1), ("2025-03-23", True, 1)]


def was_asked_for(run: dict[str, Any]) -> bool:
    return run["parameters"].get("ds") == "2025-03-21"


@pytest.mark.deployment
def test_one_process_serves_all_flows_by_the_schedules_of_prefect_yaml(own_store: Path, tmp_path: Path) -> None:
    with (
        server(own_store, tmp_path) as environment,
        running(environment, "flows.cli", "serve", "--file", str(ROOT / "prefect.yaml")),
    ):
        wait_until(lambda: len(served(environment)) == 4, "the deployments")
        schedules = served(environment)
        said(environment, *PREFECT, "deployment", "run", "nightly/nightly", "--param", "ds=2025-03-21")
        wait_until(lambda: states(environment, was_asked_for) == ["COMPLETED"], "the run")
    assert schedules == [
        ("backfill",),
        ("housekeeping", "0 6 * * 0"),
        ("nightly", "30 1 * * *"),
        ("train", "0 4 * * *"),
    ]
    with duckdb.connect(str(own_store / "warehouse.duckdb"), read_only=True) as con:
        runs = con.execute("select status from ops.runs where command = 'nightly' and ds = '2025-03-21'").fetchall()
    assert runs == [("done",)]


def every_minute(folder: Path) -> Path:
    """prefect.yaml with a nightly run each minute, for a day that the store has events of."""
    text, parameters = (ROOT / "prefect.yaml").read_text(), 'parameters: {store: "{{ $NIGHTRANK_STORE_PATH }}"'
    assert text.count('cron: "30 1 * * *"') == 1
    text = text.replace('cron: "30 1 * * *"', 'cron: "* * * * *"').replace(
        parameters, f'{parameters}, ds: "2025-03-21"', 1
    )
    path = folder / "prefect.yaml"
    path.write_text(text)
    return path


def wait_for_a_scheduled_night(environment: dict[str, str]) -> None:
    """A run that the server's scheduler created, not a person or a test."""
    wait_until(
        lambda: "COMPLETED" in states(environment, lambda run: run["auto_scheduled"]), "a run that the schedule created"
    )


def night_and_schedule(store: Path) -> tuple[list[tuple], list[tuple]]:
    """The night of 21 March, and what the store has recorded of the nightly schedule."""
    with duckdb.connect(str(store / "warehouse.duckdb"), read_only=True) as con:
        night = con.execute(
            "select ds::varchar, published_at is not null from ops.nights where ds = '2025-03-21'"
        ).fetchall()
    recorded = json.loads((store / "schedules.json").read_text())["schedules"]
    kept = [(one["flow"], one["cron"], one["timezone"], bool(one["stopped"])) for one in recorded]
    return night, [one for one in kept if one[0] == "nightly"]


@pytest.mark.deployment
def test_serve_ranks_a_night_by_a_run_that_the_schedule_created(own_store: Path, tmp_path: Path) -> None:
    file = every_minute(tmp_path)
    with (
        server(own_store, tmp_path) as environment,
        running(environment, "flows.cli", "serve", "--file", str(file)),
    ):
        wait_for_a_scheduled_night(environment)
    assert night_and_schedule(own_store) == ([("2025-03-21", True)], [("nightly", "* * * * *", "UTC", True)])


@pytest.mark.deployment
def test_a_worker_ranks_a_night_by_a_run_that_the_schedule_created(own_store: Path, tmp_path: Path) -> None:
    file = every_minute(tmp_path)
    with server(own_store, tmp_path) as environment:
        said(environment, *PREFECT, "work-pool", "create", "nightrank", "--type", "process")
        said(environment, *PREFECT, "--no-prompt", "deploy", "--all", "--prefect-file", str(file))
        with running(environment, "prefect", "worker", "start", "--pool", "nightrank"):
            wait_for_a_scheduled_night(environment)
    assert night_and_schedule(own_store) == ([("2025-03-21", True)], [("nightly", "* * * * *", "UTC", False)])
