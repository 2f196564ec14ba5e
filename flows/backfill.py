"""The backfill flow: what the plan between two days names is built, a day a Prefect task, oldest first."""

from datetime import date
from pathlib import Path

from prefect import flow

import features
from flows.filling import Built, Mode, need_all, run_backfill
from flows.prefect_steps import as_task


@flow(name="backfill", persist_result=False)
def backfill(
    start: date, end: date, store: str = "store", mode: Mode = "missing", reason: str | None = None
) -> list[Built]:
    """Builds what is missing, failed or stale between two days. Raises FeatureError where some of it was not built, the
    rest being finished."""
    with features.in_sentences():
        built = run_backfill(Path(store), start, end, mode, reason, as_task)
    need_all(Path(store), built)
    return built
