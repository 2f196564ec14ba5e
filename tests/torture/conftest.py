"""Stores on the eve of a night, and that night as it goes where nobody disturbs it."""

import shutil
import time
from datetime import date, datetime
from pathlib import Path

import pytest

import features
from flows.pipelines.ingest import ingest
from flows.pipelines.nightly import run_nights, utc_now
from flows.pipelines.training import run_training
from flows.settings import load_settings, open_store
from tests.conftest import QUERY, QUICK_SETTINGS, month_of_events, write_events
from tests.torture import child
from tests.torture.held import held, kept_nights
from tests.torture.readers import night_of
from tests.torture.trials import Undisturbed

SUNDAY = date(2025, 3, 16)  # histories are built, and of every user sequences
NIGHT = ("nightly", "--plain", "--ds")


@pytest.fixture(scope="session")
def eve_of_sunday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with three published nights whose next is the fullest there is: it reads its source, builds histories
    since it is a Sunday, measures outcomes and drift, and removes the oldest release."""
    folder = tmp_path_factory.mktemp("eve")
    root = folder / "store"
    root.mkdir()
    (root / "nightrank.toml").write_text(f"{QUICK_SETTINGS}\n[publish]\nmax_psi = 0\n")  # twelve users, little taught
    (folder / "purchases.sql").write_text(QUERY)
    rows = [row for row in month_of_events() if row[4] < datetime(2025, 3, 17)]
    events = write_events(folder / "purchases.parquet", rows)
    settings = load_settings(root)
    source = features.find_source(str(folder / "purchases.sql"), "events", str(events))
    with features.open_warehouse(open_store(root, settings), "a test", utc_now) as warehouse:
        ingest(warehouse, settings, source, None, date(2025, 3, 15))
    run_training(root, date(2025, 3, 13))
    for day in (13, 14, 15):
        run_nights(root, date(2025, 3, day))
    return root


@pytest.fixture(scope="session")
def sunday(eve_of_sunday: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed(eve_of_sunday, (*NIGHT, str(SUNDAY)), tmp_path_factory.mktemp("sunday"))


@pytest.fixture(scope="session")
def friday(walked_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """A night of a store that other tests walk too."""
    return undisturbed(walked_store, (*NIGHT, "2025-03-21"), tmp_path_factory.mktemp("friday"))


def undisturbed(eve: Path, words: tuple[str, ...], place: Path) -> Undisturbed:
    """Runs a night to its end in a copy of a store."""
    store = Path(shutil.copytree(eve, place / "store", symlinks=True))
    child.run("status", store=store)  # the fork server imports all there is before its first child
    before, started = night_of(store), time.monotonic()
    ended = child.run(*words, store=store)
    seconds = time.monotonic() - started
    assert ended.code == 0, ended.err
    return Undisturbed(eve, words, before, night_of(store), held(store), kept_nights(store), ended.writes, seconds)
