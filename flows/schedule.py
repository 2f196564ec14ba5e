"""When a deployment was due -> the data day it is for: a run that comes days late still builds its own day."""

from datetime import date
from pathlib import Path

from prefect.runtime import deployment, flow_run

from flows.settings import load_settings, open_store


def scheduled_day(root: Path) -> date | None:
    """The last data day that was over, in the store's time zone, when this run was due; None where no schedule asked
    for it."""
    if deployment.id is None or not flow_run.scheduled_start_time:
        return None
    return open_store(root, load_settings(root)).newest_day_over(flow_run.scheduled_start_time)
