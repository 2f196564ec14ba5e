"""The flows of prefect.yaml: pipelines as Prefect flows, whose stages are tasks.

Each flow has the name of its deployment. `ds` is a data day; without one, a flow takes the day that it was scheduled
for, and outside of a deployment the newest day with events.
"""

from datetime import date
from pathlib import Path

from prefect import flow

import features
from features import ModelRecord
from flows.deployments.schedule import record_own_schedule, scheduled_day
from flows.deployments.tasks import as_task, log_and_publish_artifact
from flows.pipelines.backfill import Built, Mode, raise_on_failures, run_backfill
from flows.pipelines.maintenance import run_housekeeping
from flows.pipelines.nightly import NightResult, run_nights
from flows.pipelines.training import run_training


@flow(name="nightly", persist_result=False)
def nightly(store: str = "store", ds: date | None = None) -> list[NightResult]:
    """Rank and publish every night that is missing up to `ds`.

    Outside of a deployment and without `ds`, up to the newest day with events that is over.
    """
    root = Path(store)
    with features.translate_errors():
        record_own_schedule(root)
        return run_nights(root, ds or scheduled_day(root), as_task, log_and_publish_artifact)


@flow(name="train", persist_result=False)
def train(store: str = "store", ds: date | None = None, older_than_days: int = 0) -> list[ModelRecord]:
    """Train on the days up to `ds`, and register the models.

    With `older_than_days`, only if no model was trained within that many days before `ds`.
    """
    root = Path(store)
    with features.translate_errors():
        return run_training(root, ds or scheduled_day(root), as_task, older_than_days)


@flow(name="backfill", persist_result=False)
def backfill(
    start: date, end: date, store: str = "store", mode: Mode = "missing", reason: str | None = None
) -> list[Built]:
    """Build what is missing, failed or stale between two days, oldest day first.

    Raises FeatureError if some of it was not built; the rest is finished.
    """
    with features.translate_errors():
        built = run_backfill(Path(store), start, end, mode, reason, as_task)
    raise_on_failures(Path(store), built)
    return built


@flow(name="housekeeping", persist_result=False)
def housekeeping(store: str = "store") -> int:
    """Remove what the settings of [housekeeping] do not keep. Returns the number of files removed."""
    with features.translate_errors():
        return len(run_housekeeping(Path(store)))
