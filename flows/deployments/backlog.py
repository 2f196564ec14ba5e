"""What the server holds of served deployments: the runs that are late, and those that it has scheduled."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelled

PAGE = 200
POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Due:
    """A run that a schedule created, and when it is due."""

    run_id: UUID
    at: datetime


def runs_due(client: SyncPrefectClient, deployment: UUID) -> list[Due]:
    """Every run of a deployment that its schedule created and that has not begun, oldest first."""
    found: list[Any] = []
    waiting = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])))
    while True:
        page = client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment])),
            flow_run_filter=waiting,
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
            limit=PAGE,
            offset=len(found),
        )
        found += page
        if len(page) < PAGE:
            break
    return [
        Due(run.id, run.next_scheduled_start_time)
        for run in found
        if run.auto_scheduled and run.next_scheduled_start_time
    ]


def skip_late_runs(client: SyncPrefectClient, deployment: UUID) -> int:
    """Cancels the late runs of a deployment but the newest, which builds what they would have. Returns how many."""
    now = datetime.now(UTC)
    late = [run for run in runs_due(client, deployment) if run.at <= now]
    for run in late[:-1]:
        message = "late, and skipped: a newer run of this deployment does its work"
        client.set_flow_run_state(run.run_id, Cancelled(message=message), force=True)
    return len(late[:-1])


def next_runs(client: SyncPrefectClient, deployments: dict[str, UUID], patience_seconds: float) -> dict[str, datetime]:
    """When the next run of each deployment is due, by name, as the server has scheduled it.

    Waits for the scheduler of the server at most so long; a deployment without a run by then is left out.
    """
    until = time.monotonic() + patience_seconds
    found: dict[str, datetime] = {}
    while True:
        for name in deployments.keys() - found.keys():
            coming = [run.at for run in runs_due(client, deployments[name]) if run.at > datetime.now(UTC)]
            if coming:
                found[name] = coming[0]
        if len(found) == len(deployments) or time.monotonic() >= until:
            return found
        time.sleep(POLL_SECONDS)
