"""When a deployment was due -> the data day it is for: a run that comes days late still builds its own day."""

import time
from datetime import date
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.client.schemas.schedules import CronSchedule
from prefect.runtime import deployment, flow_run

from features import Store
from flows.clock import utc_now
from flows.pipelines.recorded_schedules import Schedule, record_schedules
from flows.runtime.progress import log
from flows.settings import load_settings, open_store


def scheduled_day(root: Path) -> date | None:
    """The last data day that was over, in the store's time zone, when this run was due; None where no schedule asked
    for it. Waits where clocks were put forward at midnight and the run came before them."""
    if deployment.id is None or not flow_run.scheduled_start_time:
        return None
    store = open_store(root, load_settings(root))
    day = store.day_due(flow_run.scheduled_start_time)
    wait_for_end(store, day)
    return day


def wait_for_end(store: Store, day: date) -> None:
    """Sleeps until the data day is over; no night may see a day that is not."""
    while (left := (store.day_end(day) - utc_now()).total_seconds()) > 0:
        log.info("day_not_over", ds=day, seconds=left)
        time.sleep(min(left + 1, 60))


def record_own_schedule(root: Path) -> None:
    """Records in the store when the deployment of this run is due, so that `status` knows also what a worker runs.

    A failure is a warning: the night counts.
    """
    if deployment.id is None:
        return
    try:
        with get_client(sync_client=True) as client:
            own = client.read_deployment(deployment.id)
        now = utc_now()
        found = [
            Schedule(own.name, flow_run.flow_name or own.name, one.schedule.cron, one.schedule.timezone or "UTC", now)
            for one in own.schedules
            if one.active and not own.paused and isinstance(one.schedule, CronSchedule)
        ]
        record_schedules(open_store(root, load_settings(root)), [own.name], found)
    except Exception as error:
        log.warning("schedule_not_recorded", error=f"{type(error).__name__}: {error}")
