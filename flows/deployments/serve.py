"""prefect.yaml -> its deployments served from one process, which needs a server and no work pool."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import yaml
from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import PrefectHTTPStatusError, TerminationSignal
from prefect.runner import Runner
from prefect.schedules import Cron
from prefect.settings import PREFECT_API_URL
from prefect.types.entrypoint import EntrypointType

import features
from features import FeatureError
from flows.clock import utc_now
from flows.deployments.backlog import next_runs, skip_late_runs
from flows.output import results
from flows.pipelines.overdue_nights import NIGHT, other_zone
from flows.pipelines.recorded_schedules import Schedule, record_schedules, stop_schedules
from flows.runtime.progress import stderr
from flows.settings import load_settings, open_store

FILE_HINT = "name the prefect.yaml of nightrank with --file"
PATIENCE_SECONDS = 150  # the server's scheduler goes round once a minute


def run_serve(file: Path, store: Path, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Serves every deployment of the file until it is stopped, each run in a process of its own, for one store.

    Raises FeatureError where there is no server or no such file, or where the server schedules no runs.
    """
    url = PREFECT_API_URL.value()
    if not url:
        raise FeatureError("there is no server to serve for; start one, and set PREFECT_API_URL (docs/runbook.md)")
    given = read_file(file)
    opened = open_store(store, load_settings(store))
    features.require_no_remains(opened)
    for name, value in settings_of(given).items():
        os.environ.setdefault(name, value)  # runs inherit it
    names = [one["name"] for one in given]
    with require_server(url), get_client(sync_client=True) as client:
        if error := client.api_healthcheck():
            raise error
        runner = Runner(pause_on_shutdown=True)
        served = {one["name"]: cast(UUID, runner.add_deployment(to_deployment(one, store))) for one in given}
        with paused_unless_started(client, served):
            skip_backlog(client, served)
            show_next_runs(client, given, served, patience_seconds)
            warn_of_other_zones(given, opened.config.timezone)
            record_schedules(opened, names, schedules_of(given))
    with suppress(KeyboardInterrupt, TerminationSignal):  # the runner pauses its schedules as it stops
        asyncio.run(runner.start())
    stop_schedules(opened, names, utc_now())


@contextmanager
def require_server(url: str) -> Iterator[None]:
    """Says in a sentence that the server does not answer, or refuses."""
    try:
        yield
    except (httpx.HTTPError, PrefectHTTPStatusError, RuntimeError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FeatureError(
            f"PREFECT_API_URL is {url}: no answer from a server there ({said}); start one with: prefect server start"
        ) from error


@contextmanager
def paused_unless_started(client: SyncPrefectClient, served: dict[str, UUID]) -> Iterator[None]:
    """Pauses what was registered where serving does not begin."""
    try:
        yield
    except BaseException:
        for deployment in served.values():
            client.pause_deployment(deployment)
        raise


def skip_backlog(client: SyncPrefectClient, served: dict[str, UUID]) -> None:
    """Cancels what came due while nobody served, but the newest run of each deployment."""
    for name, deployment in served.items():
        if skipped := skip_late_runs(client, deployment):
            warn(f"{name}: cancelled {skipped} late runs; the newest one does their work")


def show_next_runs(
    client: SyncPrefectClient, given: list[dict[str, Any]], served: dict[str, UUID], patience_seconds: float
) -> None:
    """Prints when each scheduled deployment runs next. Raises FeatureError where the server has not scheduled one."""
    zones = {one["name"]: zone_of(active_schedules(one)[0]) for one in given if active_schedules(one)}
    found = next_runs(client, {name: served[name] for name in zones}, patience_seconds)
    missing = [name for name in zones if name not in found]
    if missing:
        raise FeatureError(
            f"{PREFECT_API_URL.value()}: the server has scheduled no run of {', '.join(missing)} within "
            f"{patience_seconds:.0f} seconds, so none would ever start; look for errors of the scheduler in the log of "
            "prefect server start, and install what is locked: "
            "python -m pip install --require-hashes --no-deps --requirement requirements.lock"
        )
    for name in zones:
        due = found[name]
        there = due.astimezone(ZoneInfo(zones[name]))
        results.line(f"{name}: next run {there:%Y-%m-%d %H:%M} {zones[name]} ({due:%Y-%m-%d %H:%M} UTC)")
    if not zones:
        results.line("no deployment has a schedule; runs start when somebody asks for them")


def warn_of_other_zones(given: list[dict[str, Any]], kept: str) -> None:
    for one in given:
        for schedule in active_schedules(one):
            if is_night(one) and zone_of(schedule) != kept:
                wrong = other_zone(one["name"], zone_of(schedule), kept)
                warn(f"{wrong}; write timezone: {kept} in prefect.yaml, and start serve again")


def warn(sentence: str) -> None:
    """A line on stderr; the log would look for a run of Prefect to send it to."""
    stderr.print(f"nightrank: {sentence}", style="yellow", soft_wrap=True, markup=False, highlight=False)


def is_night(given: dict[str, Any]) -> bool:
    return given["entrypoint"].rsplit(".", 1)[1] == NIGHT


def active_schedules(given: dict[str, Any]) -> list[dict[str, Any]]:
    """The schedules of a deployment that create runs."""
    return [one for one in given["schedules"] if one.get("active", True)]


def zone_of(schedule: dict[str, Any]) -> str:
    return schedule.get("timezone", "UTC")


def schedules_of(given: list[dict[str, Any]]) -> list[Schedule]:
    """The schedules of the file as the store records them."""
    return [
        Schedule(one["name"], one["entrypoint"].rsplit(".", 1)[1], each["cron"], zone_of(each), utc_now())
        for one in given
        for each in active_schedules(one)
    ]


def read_file(file: Path) -> list[dict[str, Any]]:
    """The deployments of a prefect.yaml. Raises FeatureError where there are none."""
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise FeatureError(f"{file}: cannot be read ({error}); {FILE_HINT}") from error
    if not isinstance(given, dict) or not given.get("deployments"):
        raise FeatureError(f"{file}: has no deployments; {FILE_HINT}")
    return given["deployments"]


def settings_of(given: list[dict[str, Any]]) -> dict[str, str]:
    """The environment that the file gives to runs in a work pool."""
    found: dict[str, str] = {}
    for one in given:
        found |= one.get("work_pool", {}).get("job_variables", {}).get("env", {})
    return found


def to_deployment(given: dict[str, Any], store: Path) -> RunnerDeployment:
    """One deployment as the file has it, its store the one that is served."""
    module, name = given["entrypoint"].rsplit(".", 1)
    flow: Flow = getattr(import_module(module), name)
    made = flow.to_deployment(
        given["name"],
        description=given["description"],
        parameters=given["parameters"] | {"store": str(store.absolute())},
        schedules=[
            Cron(one["cron"], timezone=zone_of(one), active=one.get("active", True)) for one in given["schedules"]
        ],
        concurrency_limit=ConcurrencyLimitConfig(**given["concurrency_limit"]),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    return cast(RunnerDeployment, made)  # it would be a coroutine in one alone
