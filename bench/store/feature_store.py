"""The feature store beside its limits: ingestion, last-N lists, one more day, histories of examples at a moment.

    python -m bench.store.feature_store --events 20000000 --users 500000 --work FOLDER [--feast PYTHON] [--repeat 3]

Every stage runs in a process of its own, so that its peak memory is its own; ratios are of one run, stages that are
compared alternate, and the median of the repeats counts. `--feast` names the Python of an environment with Feast
(bench/requirements-feast.txt) to run it beside the histories of examples.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

import features
from bench.measure import measured
from bench.workloads.events import write_events, write_examples
from bench.workloads.synthetic_world import EventConfig
from features import IngestConfig, SequenceConfig, StoreConfig, Warehouse
from features.config import GroupConfig
from features.sequences.histories import weekly_snapshot_day
from features.sequences.history_slices import GROUPS, select_group, slice_histories
from features.sequences.point_in_time import visibility_of
from features.sequences.sequences import sequences_of

FIRST = date(2025, 1, 1)
DAYS = 100  # so that a day is 1 % of the events
BEFORE, LAST = FIRST + timedelta(days=DAYS - 2), FIRST + timedelta(days=DAYS - 1)
SUNDAY = weekly_snapshot_day(BEFORE)
QUERY = """
select *
from read_parquet($path)
where
    event_ts >= $day_start
    and event_ts < $day_end
"""
CHANGE = """
copy (
    select * replace (if(event_ts::date = $day, goods_id + 1, goods_id) as goods_id)
    from read_parquet($path)
) to $made (format parquet)
"""
READ = ["user_key", "goods_key", "shop_key", "type_key", "event_ts"]


def opened(work: Path) -> features.Store:
    return features.Store(work / "store", StoreConfig(threads=2, memory_limit="2GB"))


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def in_store(work: Path, task: Callable[[Warehouse], int]) -> dict[str, float]:
    """The task's seconds, CPU seconds and peak, and how many rows it says it did."""
    before = time.process_time()
    with features.open_warehouse(opened(work), "bench", now) as warehouse, measured() as figures:
        rows = task(warehouse)
    return {**figures, "cpu_seconds": time.process_time() - before, "rows": rows}


def ingest(work: Path, first: date, last: date) -> dict[str, float]:
    (work / "bench.sql").write_text(QUERY)
    source = features.find_source(str(work / "bench.sql"), "events", str(work / "events-*.parquet"))
    return in_store(
        work, lambda warehouse: features.ingest_events(warehouse, source, first, last, IngestConfig()).rows_in
    )


def stage_ingest(work: Path) -> dict[str, float]:
    """Every day but the last, cleaned, keyed, deduplicated by event_id, sorted, written, hashed."""
    shutil.rmtree(work / "store", ignore_errors=True)
    return ingest(work, FIRST, BEFORE)


def stage_scan(work: Path) -> dict[str, float]:
    """The limit of ingestion: reading every column of the source once, into sums."""
    with measured() as figures:
        con = duckdb.connect(config={"threads": 2})
        sums = "sum(user_id), sum(goods_id), sum(shop_id), max(event_type), max(event_ts), sum(event_id)"
        con.execute(f"select {sums} from read_parquet('{work}/events-*.parquet')").fetchall()
    return {**figures, "rows": 0}


def stage_reread(work: Path) -> dict[str, float]:
    """Every day read again, after the events of one have changed in the source."""
    change_a_day(work)
    return ingest(work, FIRST, BEFORE)


def change_a_day(work: Path) -> None:
    """Gives the events of the second day other goods, in the file of the source that holds them."""
    [path] = work.glob(f"events-{FIRST}*.parquet")
    made = path.with_suffix(".making")
    con = duckdb.connect()
    con.execute(CHANGE, {"path": str(path), "made": str(made), "day": FIRST + timedelta(days=1)})
    made.replace(path)


def build(warehouse: Warehouse, ds: date) -> int:
    features.build_histories(warehouse, ds)
    return features.build_sequences(warehouse, ds, SequenceConfig())


def stage_full(work: Path) -> dict[str, float]:
    """Histories and sequences of a night from events alone."""

    def task(warehouse: Warehouse) -> int:
        warehouse.con.execute(
            "delete from ops.intervals where asset in ('histories', 'goods_sequences', 'shop_sequences')"
        )
        return build(warehouse, BEFORE)

    return in_store(work, task)


def stage_day_ingest(work: Path) -> dict[str, float]:
    """One more day of events."""
    return ingest(work, LAST, LAST)


def stage_day(work: Path) -> dict[str, float]:
    """Histories and sequences of one more night."""

    def task(warehouse: Warehouse) -> int:
        warehouse.con.execute(
            "delete from ops.intervals where ds = $ds and asset in ('goods_sequences', 'shop_sequences')", {"ds": LAST}
        )
        return build(warehouse, LAST)

    return in_store(work, task)


def history_paths(work: Path) -> list[Path]:
    return sorted((work / "store" / "lake" / "histories" / f"ds={SUNDAY}").glob("*.parquet"))


def stage_read(work: Path) -> dict[str, float]:
    """The limit of last-N lists: reading the columns they are made of."""
    with measured() as figures:
        rows = sum(len(pl.read_parquet(path, columns=READ)) for path in history_paths(work))
    return {**figures, "rows": rows}


def stage_lists(work: Path) -> dict[str, float]:
    """The last 100 goods and the last 100 shops of every user, with types and times, as list columns in memory."""

    def task(warehouse: Warehouse) -> int:
        buckets = range(warehouse.store.config.buckets)
        found = [sequences_of(warehouse, SUNDAY, bucket, GROUPS, SequenceConfig()) for bucket in buckets]
        return sum(len(frame) for frames in found for frame in frames.values())

    return in_store(work, task)


def stage_moments(work: Path) -> dict[str, float]:
    """The last 100 goods and shops of each example strictly before its moment, as slices, from files to slices."""
    frame = pl.read_parquet(work / "examples.parquet")

    def task(warehouse: Warehouse) -> int:
        keys = dict(warehouse.con.execute("select user_id, user_key from entities.users").fetchall())
        users = frame["user_id"].replace_strict(keys, default=2**31 - 1, return_dtype=pl.Int32).to_numpy()
        as_of = frame["event_timestamp"].to_physical().to_numpy().astype(np.int64)
        histories = features.load_histories(warehouse, LAST)
        moments = visibility_of(histories, users, as_of)
        found = [slice_histories(select_group(warehouse, histories, part, GroupConfig()), moments) for part in GROUPS]
        assert all(len(slices.start) == len(frame) for slices in found)
        return len(frame)

    return in_store(work, task)


STAGES = {name.removeprefix("stage_"): stage for name, stage in list(globals().items()) if name.startswith("stage_")}


def in_a_process(name: str, work: Path) -> dict[str, float]:
    environment = os.environ | {"POLARS_MAX_THREADS": "2"}
    command = [sys.executable, "-m", "bench.store.feature_store", "--stage", name, "--work", str(work)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def alternating(names: tuple[str, ...], work: Path, repeat: int) -> dict[str, dict[str, float]]:
    """The stages in turn, so many times; of each the median seconds and the highest peak."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(repeat):
        for name in names:
            runs[name].append(in_a_process(name, work))
    return {
        name: {
            "seconds": statistics.median(run["seconds"] for run in found),
            "peak_mb": max(run["peak_mb"] for run in found),
            "rows": found[0]["rows"],
        }
        for name, found in runs.items()
    }


def show(name: str, figures: dict[str, float], beside: str = "") -> None:
    rows = f"{figures['rows']:>12,.0f} rows" if figures["rows"] else " " * 17
    print(f"{name:<14}{figures['seconds']:>9.2f} s{figures['peak_mb']:>9,.0f} MB{rows}  {beside}", flush=True)


def run_store(work: Path, repeat: int) -> None:
    found = alternating(("scan", "ingest"), work, 1)
    speed = found["ingest"]["rows"] / found["ingest"]["seconds"] / 1e6
    show("scan", found["scan"], "the limit of ingestion: reading every column once")
    show("ingest", found["ingest"], f"{speed:.2f}M rows a second; to reach: 1M")
    found = in_a_process("reread", work)
    show("reread", found, f"all days again, one changed: {found['cpu_seconds']:.1f} CPU seconds")
    show("day_ingest", in_a_process("day_ingest", work), "one more day, 1 % of the events")
    found = alternating(("full", "day"), work, repeat)
    show("full", found["full"], "histories and sequences of a night, from events")
    ratio = found["day"]["seconds"] / found["full"]["seconds"]
    show("day", found["day"], f"{ratio:.3f} of full; to reach: a fifth")
    found = alternating(("read", "lists"), work, repeat)
    show("read", found["read"], "the limit of lists: reading their columns")
    ratio = found["lists"]["seconds"] / found["read"]["seconds"]
    show("lists", found["lists"], f"{ratio:.2f} times reading; to reach: 4 times, 1300 MB at 20M events")


def run_moments(work: Path, feast: str | None, repeat: int) -> None:
    ours = alternating(("moments",), work, repeat)["moments"]
    show("moments", ours, "goods and shops of each example strictly before its moment, as slices")
    data = ["--events", str(work / "events-*.parquet"), "--examples", str(work / "examples.parquet")]
    for name, python in (("peer_asof", sys.executable), ("peer_feast", feast)):
        if python is None:
            continue
        command = [python, "-W", "ignore", "-m", f"bench.{name}", *data]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peer = json.loads(done.stdout.splitlines()[-1])
        show(name, peer, f"{peer['seconds'] / ours['seconds']:.1f} times ours")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--users", type=int, default=500_000)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--examples", type=int, default=0, help="beside so many examples at their moments")
    parser.add_argument("--late", type=float, default=0.02, help="the share of events known hours to days later")
    parser.add_argument("--duplicates", type=float, default=0.01, help="the share of events delivered again")
    parser.add_argument("--bot", type=float, default=0.0, help="the share of events that are of one user")
    parser.add_argument("--feast", help="the Python of an environment with Feast")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--stage", choices=sorted(STAGES), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stage:
        print(json.dumps(STAGES[given.stage](given.work)))
        return
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, DuckDB {duckdb.__version__}, "
          f"Polars {pl.__version__}; {given.events:,} events of {given.users:,} users in {DAYS} days, "
          f"{given.late:.1%} late, {given.duplicates:.1%} delivered twice, {given.bot:.0%} of one user")  # fmt: skip
    given.work.mkdir(parents=True, exist_ok=True)
    config = EventConfig(
        events=given.events,
        users=given.users,
        days=DAYS,
        start=FIRST,
        late=given.late,
        duplicates=given.duplicates,
        known_at=given.late > 0 or given.duplicates > 0,
        bot=given.bot,
    )
    if not list(given.work.glob("events-*.parquet")):
        write_events(config, given.work)
    if given.examples and not (given.work / "examples.parquet").exists():
        write_examples(config, given.work, given.examples)
    run_store(given.work, given.repeat)
    if given.examples:
        run_moments(given.work, given.feast, given.repeat)


if __name__ == "__main__":
    main()
