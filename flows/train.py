"""The train flow: examples, DIN beside mean pooling, the register, as Prefect tasks."""

from datetime import date
from pathlib import Path

from prefect import flow

import features
from features import ModelRecord
from flows.prefect_steps import as_task
from flows.training import run_training


@flow(name="train", persist_result=False)
def train(store: str = "store", ds: date | None = None) -> list[ModelRecord]:
    """Trains on the days up to `ds`; without one, up to the newest day with events."""
    with features.in_sentences():
        return run_training(Path(store), ds, as_task)
