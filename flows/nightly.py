"""The nightly flow: every night missing up to a data day, ranked and published, as Prefect tasks."""

from datetime import date
from pathlib import Path

from prefect import flow

import features
from flows.night import NightResult, run_nights
from flows.prefect_steps import also_as_artifact, as_task
from flows.schedule import record_own_schedule, scheduled_day


@flow(name="nightly", persist_result=False)
def nightly(store: str = "store", ds: date | None = None) -> list[NightResult]:
    """Ranks the nights missing up to `ds`; without one, up to the day this run was scheduled for, and outside of a
    deployment up to the newest day with events that is over."""
    root = Path(store)
    with features.in_sentences():
        record_own_schedule(root)
        return run_nights(root, ds or scheduled_day(root), as_task, also_as_artifact)
