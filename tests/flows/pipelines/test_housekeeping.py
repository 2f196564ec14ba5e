"""Making room: what goes, what stays whatever the settings say, and what the plan says afterwards."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from flows.pipelines.maintenance import run_housekeeping
from flows.pipelines.nightly import run_nights
from flows.pipelines.training import run_training
from tests.conftest import Said

NightRank = Callable[..., Said]
LONG_AGO = time.time() - 90 * 24 * 3600


def aged(path: Path) -> Path:
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def put(path: Path, content: bytes = b"left") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return aged(path)


def recorded(root: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def files_of(root: Path) -> list[str]:
    """Every file of a store but the copies of its warehouse, which each run adds to."""
    paths = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    return sorted(str(path) for path in paths if path.parts[0] != "copies")


def days_of(root: Path, asset: str) -> list[str]:
    found = recorded(root, f"select distinct ds from ops.files where asset = '{asset}' order by ds")
    return [ds.isoformat() for (ds,) in found]


@pytest.fixture(scope="module")
def five_more_nights(walked_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(shutil.copytree(walked_store, tmp_path_factory.mktemp("grown") / "store", symlinks=True))
    run_nights(root, date(2025, 3, 25))
    return root


@pytest.fixture
def grown_store(five_more_nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of some more nights, whose settings keep as little as they can: the window is short, and one release."""
    root = Path(shutil.copytree(five_more_nights, tmp_path / "own", symlinks=True))
    monkeypatch.setattr("flows.retired_settings.FIXED", {})
    for name, value in {
        "RETENTION__KEEP_LAKE_DAYS": 1,
        "RETENTION__KEEP_CHECKPOINTS": 0,
        "RETENTION__KEEP_REPORTS": 1,
        "PUBLISH__KEEP_RELEASES": 1,
        "WINDOW__TRAIN_DAYS": 3,
    }.items():
        monkeypatch.setenv(f"NIGHTRANK_{name}", str(value))
    return root


def test_a_store_of_little_has_nothing_to_remove(own_store: Path, nightrank: NightRank) -> None:
    said = nightrank("housekeeping", "--dry-run", "--store", own_store)

    assert (said.code, said.out) == (0, "nothing to remove\n")


def test_what_is_old_goes_and_what_tonight_needs_stays(grown_store: Path) -> None:
    run_housekeeping(grown_store)

    assert days_of(grown_store, "candidates") == ["2025-03-24", "2025-03-25"]
    assert days_of(grown_store, "night_goods") == ["2025-03-24", "2025-03-25"]
    assert days_of(grown_store, "goods_sequences") == ["2025-03-23", "2025-03-24", "2025-03-25"]
    assert days_of(grown_store, "shop_sequences") == ["2025-03-23", "2025-03-24", "2025-03-25"]
    assert days_of(grown_store, "examples") == [f"2025-03-{day}" for day in range(10, 18)]
    assert days_of(grown_store, "histories") == ["2025-03-16", "2025-03-23"]
    assert len(days_of(grown_store, "events.purchases")) == 21


def test_the_next_night_is_as_if_nothing_had_been_removed(
    grown_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["cp", "-a", grown_store, tmp_path / "untouched"], check=True)
    run_housekeeping(grown_store)

    nights = [run_nights(root, date(2025, 3, 26)) for root in (grown_store, tmp_path / "untouched")]

    assert [(night.ds, night.status) for found in nights for night in found] == [
        (date(2025, 3, 26), "OK_WITH_WARNINGS")
    ] * 2
    tables = ("rankings", "why", "outcomes", "goods_sequences", "shop_sequences")
    for table in tables:
        rows = []
        for root in (grown_store, tmp_path / "untouched"):
            with duckdb.connect(str(root / "published.duckdb"), read_only=True) as con:
                rows.append(con.execute(f"from {table} order by all").fetchall())
        assert rows[0] == rows[1] != []


def test_a_dry_run_tells_what_then_happens_and_changes_nothing(grown_store: Path, nightrank: NightRank) -> None:
    put(grown_store / "lake" / "candidates" / "ds=2025-03-01" / "stray.parquet")
    put(grown_store / "tmp" / "duckdb_temp_storage-0.tmp")
    before = files_of(grown_store)

    told = json.loads(nightrank("housekeeping", "--dry-run", "--json", "--store", grown_store).out)
    after_telling = files_of(grown_store)
    done = json.loads(nightrank("housekeeping", "--json", "--store", grown_store).out)

    assert told == done != []
    assert after_telling == before
    gone = {one["path"] for one in told}
    left = [path for path in before if not any(path == one or path.startswith(f"{one}/") for one in gone)]
    assert files_of(grown_store) == left
    assert run_housekeeping(grown_store, dry_run=True) == []


def test_each_kind_of_leftover_goes_and_what_is_young_stays(grown_store: Path) -> None:
    root = grown_store
    left = [
        put(root / "lake" / "candidates" / "ds=2025-03-01" / "bucket-0-f00.parquet"),
        put(root / "lake" / "events" / "purchases" / "ds=2025-03-02" / ".bucket-0.making"),
        put(root / "releases" / "nightly-2025-03-24-9.duckdb"),
        put(root / "releases" / "nightly-2025-03-24-9.duckdb.wal"),
        put(root / "releases" / ".nightly-2025-03-24-1.duckdb.making"),
        put(root / ".warehouse.duckdb.making"),
        put(root / "tmp" / "duckdb_temp_storage-0.tmp"),
        aged(put(root / "models" / ".din-2025-03-17-f00.making" / "model.json").parent),
        put(root / "models" / ".din-2025-03-17.under_way.safetensors"),
        aged(put(root / "models" / "din-2025-03-01-f00" / "model.json").parent),
        put(root / "reports" / "2025-03-19.html"),
    ]
    young = [root / "lake" / "candidates" / "young.parquet", root / "models" / ".mean-2025-03-17.under_way.safetensors"]
    for path in young:
        put(path)
        os.utime(path)
    kept = put(root / "reports" / "2025-04-01.html")

    gone = {one.path for one in run_housekeeping(root)}

    assert {str(path.relative_to(root)) for path in left} <= gone
    assert [path for path in left if path.exists()] == []
    assert all(path.exists() for path in (*young, kept))


def test_checkpoints_that_nothing_refers_to_go_and_the_register_says_so(
    grown_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTRANK_TRAIN__SEED", "3")
    monkeypatch.setenv("NIGHTRANK_TRAIN__LEARNING_RATE", "1e-9")
    lost = run_training(grown_store, date(2025, 3, 20))
    assert [record.champion for record in lost] == [False, False]
    for path in (grown_store / "models").iterdir():
        aged(path)

    gone = [one.path for one in run_housekeeping(grown_store) if one.kind == "checkpoints"]

    assert gone == sorted(f"models/{record.model_id}" for record in lost)
    assert recorded(grown_store, "select model_id, removed_at is not null from ops.models order by ds, pooling") == [
        *((path.name, False) for path in sorted((grown_store / "models").iterdir())),
        *sorted((record.model_id, True) for record in lost),
    ]
    again = run_training(grown_store, date(2025, 3, 20))
    assert [record.model_id for record in again] == [record.model_id for record in lost]
    assert recorded(grown_store, "select count(*) from ops.models where removed_at is not null") == [(0,)]


def test_the_plan_says_removed_and_only_that_mode_builds_it_again(grown_store: Path, nightrank: NightRank) -> None:
    before = recorded(grown_store, "select path, sha256 from ops.files where ds = '2025-03-18' order by path")
    run_housekeeping(grown_store)
    day = ["2025-03-18", "2025-03-18", "--store", grown_store]

    short, long = nightrank("plan", *day), nightrank("plan", "--all", *day)

    assert short.out == "nothing to do: 7 removed, 3 ok\n"
    assert "2025-03-18  candidates       removed      housekeeping removed its files on " in long.out
    for mode in ("missing", "failed", "stale", "all"):
        assert nightrank("backfill", *day, "--mode", mode).out == "nothing to do\n"
    assert nightrank("backfill", *day, "--mode", "removed").out.splitlines() == [
        "2025-03-16  goods_sequences  built",
        "2025-03-16  shop_sequences   built",
        "2025-03-18  goods_sequences  built",
        "2025-03-18  shop_sequences   built",
        "2025-03-18  night_goods      built",
        "2025-03-18  night_pairs      built",
        "2025-03-18  candidates       built",
    ]
    assert recorded(grown_store, "select path, sha256 from ops.files where ds = '2025-03-18' order by path") == before


def test_outcomes_measured_again_build_the_goods_that_were_removed(grown_store: Path, nightrank: NightRank) -> None:
    before = recorded(grown_store, "from serving.outcomes order by all")
    run_housekeeping(grown_store)
    with duckdb.connect(str(grown_store / "warehouse.duckdb")) as con:
        con.execute("update ops.intervals set status = 'failed' where asset = 'outcomes'")

    said = nightrank("backfill", "2025-03-19", "2025-03-21", "--mode", "failed", "--store", grown_store)

    assert said.out == "".join(f"2025-03-{day}  outcomes         built\n" for day in (19, 20, 21))
    assert recorded(grown_store, "from serving.outcomes order by all") == before


def test_a_housekeeping_killed_between_record_and_disk_leaves_strays_for_the_next(grown_store: Path) -> None:
    told = {one.path for one in run_housekeeping(grown_store, dry_run=True)}
    for path in told:
        aged(grown_store / path)
    program = (
        "import os\nfrom pathlib import Path\nimport flows.retired_settings\nfrom features.ops import retention\n"
        "flows.retired_settings.FIXED = {}\n"
        "from flows.pipelines.maintenance import run_housekeeping\n"
        "retention.remove = lambda *_: os._exit(9)\n"
        f"run_housekeeping(Path({str(grown_store)!r}))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 9
    assert all((grown_store / path).exists() for path in told)

    gone = run_housekeeping(grown_store)

    assert {one.path for one in gone} == told
    assert {one.kind for one in gone} == {"strays", "releases", "reports"}
    assert not any((grown_store / path).exists() for path in told)


def test_zero_days_keep_all_of_the_lake(grown_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTRANK_RETENTION__KEEP_LAKE_DAYS", "0")

    assert [one for one in run_housekeeping(grown_store) if one.path.startswith("lake/")] == []


def test_housekeeping_is_recorded_and_says_what_it_removed(grown_store: Path, nightrank: NightRank) -> None:
    command = f"nightrank housekeeping --store {grown_store}"
    told = nightrank("housekeeping", "--dry-run", "--store", grown_store).out.splitlines()
    done = nightrank("housekeeping", "--store", grown_store).out.splitlines()

    assert told[0].startswith("candidates           12 ")
    assert told[0].endswith("6 days, 2025-03-18 to 2025-03-23")
    assert told[-1].endswith(f" would go: {command}")
    assert done == [*told[:-1], told[-1].replace(f" would go: {command}", " removed")]
    assert recorded(grown_store, "select status from ops.runs where command = 'housekeeping'") == [("done",)]
