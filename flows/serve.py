"""prefect.yaml -> its deployments served from one process, which needs a server and no work pool."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import yaml
from prefect import Flow, serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron
from prefect.settings import PREFECT_API_URL
from prefect.types.entrypoint import EntrypointType

import features
from features import FeatureError, Store, StoreConfig

NAME_IT = "name the prefect.yaml of nightrank with --file"


def run_serve(file: Path, store: Path) -> None:
    """Serves every deployment of the file until it is stopped, each run in a process of its own, for one store. Raises
    FeatureError where there is no server, or no such file."""
    if not PREFECT_API_URL.value():
        raise FeatureError("there is no server to serve for; start one, and set PREFECT_API_URL (docs/runbook.md)")
    features.need_no_remains(Store(store.absolute(), StoreConfig()))
    given = read_file(file)
    for name, value in settings_of(given).items():
        os.environ.setdefault(name, value)  # runs inherit it
    serve(*(as_served(one, store) for one in given), print_starting_message=False)


def read_file(file: Path) -> list[dict[str, Any]]:
    """The deployments of a prefect.yaml. Raises FeatureError where there are none."""
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise FeatureError(f"{file}: cannot be read ({error}); {NAME_IT}") from error
    if not isinstance(given, dict) or not given.get("deployments"):
        raise FeatureError(f"{file}: has no deployments; {NAME_IT}")
    return given["deployments"]


def settings_of(given: list[dict[str, Any]]) -> dict[str, str]:
    """The environment that the file gives to runs in a work pool."""
    found: dict[str, str] = {}
    for one in given:
        found |= one.get("work_pool", {}).get("job_variables", {}).get("env", {})
    return found


def as_served(given: dict[str, Any], store: Path) -> RunnerDeployment:
    """One deployment as the file has it, its store the one that is served."""
    module, name = given["entrypoint"].rsplit(".", 1)
    flow: Flow = getattr(import_module(module), name)
    made = flow.to_deployment(
        given["name"],
        description=given["description"],
        parameters=given["parameters"] | {"store": str(store.absolute())},
        schedules=[Cron(one["cron"], timezone=one["timezone"]) for one in given["schedules"]],
        concurrency_limit=ConcurrencyLimitConfig(**given["concurrency_limit"]),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    return cast(RunnerDeployment, made)  # it would be a coroutine in one alone
