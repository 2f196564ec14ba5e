"""Time is over, SIGTERM, Ctrl-C: a night is stopped wherever it is, nothing is torn, and the next run does the rest."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from threading import Thread

import duckdb
import pytest

import features
import flows.pipelines.nightly
from features import Warehouse
from features.store.fingerprints import Fingerprint
from flows.pipelines.backfill import run_backfill
from flows.pipelines.nightly import run_nights
from flows.pipelines.training import run_training
from flows.runtime.timeouts import TimeoutExceeded, defer_signals, time_limit
from tests.conftest import Said

NightRank = Callable[..., Said]
LONG = "create or replace temp table long as select sum(sin(a.range)) from range(1000000) as a, range(1000000) as b"
NIGHT = date(2025, 3, 21)
SOON = "1"  # seconds


def ask(root: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def in_duckdb(night: Warehouse, *_: object) -> None:
    night.con.execute(LONG)


def in_python(*_: object) -> None:
    while True:
        pass


def asleep(*_: object) -> None:
    time.sleep(60)


@pytest.mark.parametrize("busy", [in_duckdb, in_python])
def test_a_night_that_takes_too_long_is_stopped_wherever_it_is_and_the_next_does_the_rest(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch, busy: Callable
) -> None:
    began = time.monotonic()
    with monkeypatch.context() as patch:
        patch.setenv("NIGHTRANK_TIMEOUTS__NIGHT_SECONDS", SOON)
        patch.setattr(flows.pipelines.nightly.features, "build_histories", busy)
        said = nightrank("nightly", "--plain", "--ds", NIGHT, "--store", own_store)

    assert (said.code, said.err.splitlines()[-1]) == (
        1,
        "nightrank: stopped in histories after 1 seconds, the most that timeouts.night_seconds allows; what was "
        "finished is kept: run the same again, or set it higher",
    )
    assert time.monotonic() - began < 6
    assert ask(own_store, "select status, error[:32] from ops.runs where run_id = 'nightly-2025-03-21-1'") == [
        ("failed", "TimeoutExceeded: stopped in hist")
    ]
    assert ask(own_store, "select state, stage from ops.summaries where ds = '2025-03-21'") == [
        ("FAILED_KEPT_YESTERDAY", "histories")
    ]


def test_what_is_stopped_while_it_is_built_is_undone_recorded_so_and_built_by_the_next_run(
    warehouse: Warehouse,
) -> None:
    made_of = Fingerprint({})
    began = time.monotonic()

    with (  # noqa: PT012 - a run, and in it an asset
        pytest.raises(TimeoutExceeded),
        warehouse.recorded_run("nightly", NIGHT) as run,
        time_limit(run, 0.3, "timeouts.night_seconds", lambda: "candidates"),
        run.building("candidates", NIGHT, made_of),
    ):
        run.con.execute("create table half as select 1")
        in_duckdb(run)

    assert time.monotonic() - began < 3
    said = "TimeoutExceeded: stopped in candidates after 0.3 seconds"
    ledger = warehouse.con.execute("select status, split_part(error, ',', 1) from ops.intervals").fetchall()
    runs = warehouse.con.execute("select status, split_part(error, ',', 1) from ops.runs").fetchall()
    assert (ledger, runs) == ([("failed", said)], [("failed", said)])
    with warehouse.building("candidates", NIGHT, made_of):
        warehouse.con.execute("create table half as select 1")


def test_a_training_and_a_day_of_a_backfill_are_stopped_too(own_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "build_histories", asleep)
    monkeypatch.setenv("NIGHTRANK_TIMEOUTS__NIGHT_SECONDS", SOON)
    monkeypatch.setenv("NIGHTRANK_TIMEOUTS__TRAIN_SECONDS", SOON)

    with pytest.raises(TimeoutExceeded, match=r"stopped in histories after 1 seconds, the most that timeouts.train"):
        run_training(own_store, date(2025, 3, 20))
    with pytest.raises(
        TimeoutExceeded, match=r"stopped in goods_sequences after 1 seconds, the most that timeouts.night"
    ):
        run_backfill(own_store, NIGHT, NIGHT, "missing", None)


def test_in_another_thread_the_query_at_work_is_interrupted(warehouse: Warehouse) -> None:
    stopped: list[BaseException] = []

    def run() -> None:
        try:
            with time_limit(warehouse, 0.3, "timeouts.night_seconds", lambda: "histories"):
                in_duckdb(warehouse)
        except TimeoutExceeded as error:
            stopped.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join(10)

    assert [str(error).split(",")[0] for error in stopped] == ["stopped in histories after 0.3 seconds"]


def test_a_limit_around_another_goes_on_with_what_is_left_of_it(warehouse: Warehouse) -> None:
    began = time.monotonic()

    with pytest.raises(TimeoutExceeded, match="stopped in outer"):  # noqa: PT012, SIM117 - one limit within another
        with time_limit(warehouse, 0.4, "outer_seconds", lambda: "outer"):
            with time_limit(warehouse, 30, "inner_seconds", lambda: "inner"):
                time.sleep(0.2)
            time.sleep(30)

    assert 0.35 < time.monotonic() - began < 5
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


STOPPED = """
import sys, features
from flows import cli

def busy(night, *_):
    with night.transaction():
        night.con.execute("create table half as select 1")
        print("busy", flush=True)
        night.con.execute({long!r})

features.build_night_pairs = busy
sys.argv = ["nightrank", "nightly", "--plain", "--ds", "2025-03-21", "--store", {store!r}]
cli.main()
"""


def test_a_night_that_sigterm_stops_in_a_query_undoes_that_alone_and_the_next_builds_the_rest(own_store: Path) -> None:
    program = STOPPED.format(long=LONG, store=str(own_store))
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "busy\n"
        time.sleep(0.3)
        child.send_signal(signal.SIGTERM)
        _, said = child.communicate(timeout=10)
    finally:
        child.kill()

    assert (child.returncode, said.splitlines()[-1]) == (
        130,
        "nightrank: stopped; what was finished is kept, the same command builds the rest",
    )
    assert (own_store / ".lock").read_text() == ""
    assert ask(own_store, "select state, stage, error from ops.summaries where ds = '2025-03-21'") == [
        ("FAILED_KEPT_YESTERDAY", "candidates", "stopped by Ctrl-C or SIGTERM")
    ]
    assert ask(own_store, "select count(*) from duckdb_tables() where table_name = 'half'") == [(0,)]
    [night] = run_nights(own_store, NIGHT)
    assert night.status == "OK"
    built = (
        "select asset, run_id from ops.intervals where ds = '2025-03-21' and asset in ('night_goods', 'night_pairs')"
    )
    assert ask(own_store, f"{built} order by all") == [
        ("night_goods", "nightly-2025-03-21-1"),
        ("night_pairs", "nightly-2025-03-21-2"),
    ]


def test_what_must_be_done_in_one_go_is_done_before_an_interrupt_is_heard() -> None:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    done = []
    try:
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - what comes after the signal is what counts
            with defer_signals():
                signal.raise_signal(signal.SIGTERM)
                done.append("flip")
            done.append("never")
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)

    assert done == ["flip"]


def test_sigterm_in_the_flip_is_heard_when_the_record_says_that_the_night_is_published(
    own_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flip = features.publish_release
    monkeypatch.setattr(features, "publish_release", lambda *given: (flip(*given), signal.raise_signal(signal.SIGTERM)))
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_nights(own_store, NIGHT)
    finally:
        signal.signal(signal.SIGTERM, before)

    query = "select status, state from ops.nights join ops.summaries using (ds) where ds = '2025-03-21'"
    assert ask(own_store, query) == [("OK", "OK")]


def test_too_little_memory_is_a_sentence_that_names_the_setting(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    def greedy(night: Warehouse, *_: object) -> None:
        night.con.execute("set memory_limit = '30MB'; set max_temp_directory_size = '1MB'")
        night.con.execute("create temp table big as select list(range) as all from range(30000000)")

    monkeypatch.setattr(features, "build_histories", greedy)

    said = nightrank("nightly", "--plain", "--ds", NIGHT, "--store", own_store)

    assert said.code == 1
    last = said.err.splitlines()[-1]
    assert "needs more memory than DuckDB may take" in last
    assert last.endswith("set store.memory_limit higher, or cut users into more store.buckets, and run the same again")
