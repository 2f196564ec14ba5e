"""The housekeeping flow: what a store no longer needs is removed."""

from pathlib import Path

from prefect import flow

import features
from flows.maintenance import run_housekeeping


@flow(name="housekeeping", persist_result=False)
def housekeeping(store: str = "store") -> int:
    """Removes what the settings of [housekeeping] do not keep. Returns how many files that were."""
    with features.in_sentences():
        return len(run_housekeeping(Path(store)))
