"""The nightly flow: every night missing up to a data day, ranked and published, as Prefect tasks."""

from datetime import date
from pathlib import Path

from prefect import flow

import features
from flows.night import NightResult, run_nights
from flows.prefect_steps import as_task


@flow(name="nightly", persist_result=False)
def nightly(store: str = "store", ds: date | None = None) -> list[NightResult]:
    """Ranks the nights missing up to `ds`; without one, up to the newest day with events that is over."""
    with features.in_sentences():
        return run_nights(Path(store), ds, as_task)
