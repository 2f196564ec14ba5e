"""The train flow: examples, DIN beside mean pooling, the register, as Prefect tasks."""

from datetime import date
from pathlib import Path

from prefect import flow

import features
from features import ModelRecord
from flows.prefect_steps import as_task
from flows.schedule import scheduled_day
from flows.training import run_training


@flow(name="train", persist_result=False)
def train(store: str = "store", ds: date | None = None, older_than_days: int = 0) -> list[ModelRecord]:
    """Trains on the days up to `ds`; without one, up to the day this run was scheduled for, and outside of a deployment
    up to the newest day with events. With `older_than_days`, only where no model was trained for a day so near."""
    root = Path(store)
    with features.in_sentences():
        return run_training(root, ds or scheduled_day(root), as_task, older_than_days)
