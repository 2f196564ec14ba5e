"""Measure a whole night: seconds of each stage, peak memory, and growth with the number of events.

    python -m bench.store.night --data ../shared/data/completejourney --candidates 500
    python -m bench.store.night --events 20000000 --users 100000 --work FOLDER

The first command ranks the last nights of a data set. The second ranks the last of 100 synthetic days, first with a
quarter of the events, users, goods and shops and then with all of them. No stage should take much more than four times
as long. The first night is reported alone, since it builds what later nights reuse; of the later nights the median
counts. The model is trained on one day for one epoch: the time of a night does not depend on how well it ranks.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from bench.measure import measured
from bench.workloads.events import write_events
from bench.workloads.synthetic_world import EventConfig

DAYS = 100
SHARE = 4  # the larger size divided by the smaller one
STAGES = ("histories", "sequences", "candidates", "rankings", "outcomes", "publish")
QUERY = "select * from read_parquet($path) where event_ts >= $day_start and event_ts < $day_end\n"
QUICK = {
    "NIGHTRANK_WINDOW__TRAIN_DAYS": "1",
    "NIGHTRANK_WINDOW__VALID_DAYS": "0",
    "NIGHTRANK_WINDOW__EVAL_DAYS": "1",
    "NIGHTRANK_TRAIN__EPOCHS": "1",
    "NIGHTRANK_EXAMPLES__NEGATIVES_PER_POSITIVE": "1",
    "NIGHTRANK_EXAMPLES__NEGATIVE_SAMPLING": "popularity",  # candidates are built by the nights that are timed
}
FIRST = date(2025, 1, 1)
LAST = FIRST + timedelta(days=DAYS - 1)
NIGHTS = 4


def nightrank(*words: str | Path | date, **settings: str) -> str:
    """Run a command as people do, and return its output. Raises RuntimeError with its errors."""
    call = [sys.executable, "-c", "from flows.cli.app import main; main()", *map(str, words)]
    done = subprocess.run(call, env=os.environ | settings, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"nightrank {' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


def rank_night(store: Path, ds: date) -> dict[str, Any]:
    """Rank a night in this process; return seconds by stage, peak, users and rows."""
    from flows.pipelines.nightly import run_nights

    took: dict[str, float] = {}

    def timed(stage: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            started = time.perf_counter()
            found = stage(*given)
            took[stage.__name__] = time.perf_counter() - started
            return found

        return run

    with measured() as figures:
        [night] = run_nights(store, ds, timed)
    return {**took, **figures, "users": night.users, "rows": night.rows}


def copied(store: Path) -> Path:
    """Copy the store, for nights to be ranked in it. Lake files never change, so they are hard links."""
    copy = store.with_name(f"{store.name}-ranked")
    shutil.rmtree(copy, ignore_errors=True)
    return Path(
        shutil.copytree(
            store,
            copy,
            symlinks=True,
            copy_function=lambda source, to: (os.link if source.endswith(".parquet") else shutil.copy2)(source, to),
        )
    )


def nights(trained: Path, last: date, count: int, candidates: int) -> list[dict[str, Any]]:
    """Rank `count` nights up to the last, each in its own process."""
    store = copied(trained)
    environment = os.environ | {"NIGHTRANK_CANDIDATES__MAX_PER_USER": str(candidates)}
    found = []
    for ds in (last - timedelta(days=count - 1 - n) for n in range(count)):
        call = [sys.executable, "-m", "bench.store.night", "--store", str(store), "--ds", str(ds)]
        done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return found


def median(found: list[dict[str, Any]]) -> dict[str, float]:
    return {name: statistics.median(night[name] for night in found) for name in found[0]}


def show(name: str, night: dict[str, float], quarter: dict[str, float] | None = None) -> None:
    """Print a line for each stage, with ratios to a night of `quarter` size."""
    print(f"{name}: {night['users']:,.0f} users, {night['rows']:,.0f} rows, {night['peak_mb']:,.0f} MB")
    for stage in (*STAGES, "seconds"):
        ratio = f"{night[stage] / quarter[stage]:>8.1f} times a quarter" if quarter else ""
        print(f"  {stage:<12}{night[stage]:>9.2f} s{ratio}", flush=True)


def synthetic(work: Path, events: int, users: int, share: int) -> Path:
    """Return a store with 100 days of events and a model, created if missing."""
    folder = work / f"night-{events // share}"
    store = folder / "store"
    if not store.exists():
        folder.mkdir(parents=True, exist_ok=True)
        goods, shops = 200_000 // share, 10_000 // share
        write_events(EventConfig(events // share, users // share, DAYS, start=FIRST, goods=goods, shops=shops), folder)
        (folder / "events.sql").write_text(QUERY)
        nightrank("ingest", folder / "events.sql", "--store", store, "--path", folder / "events-*.parquet")
        nightrank("train", "--store", store, "--ds", LAST - timedelta(days=NIGHTS), **QUICK)
    return store


def prepared(data: Path, store: Path) -> date:
    """Prepare a data set's store with a model; return its last day with events."""
    if not store.exists():
        nightrank("ingest", data.name, "--store", store, "--path", data / "events.parquet")
    events = pl.scan_parquet(data / "events.parquet").select(pl.col("event_ts").max().dt.date())
    last = events.collect().item()
    if not (store / "models").exists():
        nightrank("train", "--store", store, "--ds", last - timedelta(days=NIGHTS), **QUICK)
    return last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a data set that has a source in sql/sources")
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--candidates", type=int, default=200, help="the most of each user")
    parser.add_argument(
        "--nights", type=int, default=NIGHTS, choices=range(2, NIGHTS + 1), help="how many to rank, at least two"
    )
    parser.add_argument("--work", type=Path, default=Path("bench/work"))
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ds", type=date.fromisoformat, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.store:
        print(json.dumps(rank_night(given.store, given.ds)))
    elif given.data:
        store = given.work / f"night-{given.data.name}"
        last = prepared(given.data, store)
        first, *later = nights(store, last, given.nights, given.candidates)
        show("first night", first)
        show("later nights", median(later))
    else:
        quarter = None
        for share in (SHARE, 1):
            store = synthetic(given.work, given.events, given.users, share)
            first, *later = nights(store, LAST, given.nights, given.candidates)
            show("first night", first)
            show("later nights", median(later), quarter)
            quarter = median(later)


if __name__ == "__main__":
    main()
