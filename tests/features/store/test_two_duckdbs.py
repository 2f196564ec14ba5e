"""DuckDB 1.5 and 2.0: the same sources give the same bytes, and each opens what the other wrote."""

import json
import subprocess
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import features
from features import CandidateConfig, ExampleConfig, SequenceConfig
from tests.conftest import Desk, month_of_events, small_desk

ROOT = Path(__file__).parents[3]
PYTHONS = [ROOT / name / "bin" / "python" for name in (".venv", ".venv-duckdb2")]
VERSION = "import duckdb; print(duckdb.__version__)"
BUILD = """
import sys
from pathlib import Path
from tests.features.store.test_two_duckdbs import build
build(Path(sys.argv[1]))
"""
READ = """
import json, sys
from pathlib import Path
from tests.features.store.test_two_duckdbs import keys_of
print(json.dumps(keys_of(Path(sys.argv[1]))))
"""
KEYS = "select user_id, user_key from entities.users order by user_key"
NIGHT = date(2025, 3, 20)
LATE = 1743465599_999999999  # 2025-03-31 23:59:59.999999999


def build(folder: Path) -> None:
    """A store with everything that a night has before it ranks."""
    desk = small_desk(folder)
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source(month_of_events()), "2025-03-01", "2025-03-21")
        features.build_histories(warehouse, NIGHT)
        features.build_sequences(warehouse, NIGHT, SequenceConfig())
        features.build_night_goods(warehouse, NIGHT, CandidateConfig())
        features.build_night_pairs(warehouse, NIGHT, CandidateConfig())
        features.build_candidates(warehouse, NIGHT, CandidateConfig())
        features.build_examples(warehouse, NIGHT, NIGHT, ExampleConfig(negative_sampling="popularity"))


def lake_of(folder: Path) -> list[str]:
    """The files of the lake, whose names hold the hash of their bytes."""
    lake = folder / "store" / "lake"
    return sorted(str(path.relative_to(lake)) for path in lake.rglob("*.parquet"))


def keys_of(folder: Path) -> list[list[int]]:
    with small_desk(folder).open() as warehouse:
        return [list(row) for row in warehouse.con.execute(KEYS).fetchall()]


def of_other_version() -> Path | None:
    """The Python that has the other DuckDB, None where it is not installed."""
    for python in PYTHONS:
        command = [str(python), "-c", VERSION]
        if python.exists() and subprocess.check_output(command, text=True).strip() != duckdb.__version__:
            return python
    return None


def test_both_build_the_same_bytes_and_go_on_with_each_others_store(tmp_path: Path) -> None:
    other, mine, theirs = of_other_version(), tmp_path / "mine", tmp_path / "theirs"
    if other is None:
        pytest.skip("the other DuckDB is not installed: make test-duckdb2")
    for folder in (mine, theirs):
        folder.mkdir()

    build(mine)
    subprocess.run([other, "-c", BUILD, theirs], check=True, cwd=ROOT)

    assert lake_of(mine) == lake_of(theirs)
    assert len(lake_of(mine)) == 36
    read = json.loads(subprocess.check_output([other, "-c", READ, mine], cwd=ROOT))
    assert keys_of(theirs) == read == keys_of(mine)
    assert [user for user, _ in read] == [1, 3, 4, 6, 7, 9, 10, 12, 2, 5, 8, 11]  # as they come first in the events


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_a_time_of_any_unit_is_of_its_day_to_the_last_nanosecond(desk: Desk, unit: str, zone: str | None) -> None:
    ticks = LATE // {"s": 10**9, "ms": 10**6, "us": 1000, "ns": 1}[unit]
    kind = pa.timestamp(unit, zone)
    table = {
        "user_id": [1],
        "goods_id": [10],
        "shop_id": [7],
        "event_type": ["buy"],
        "event_ts": pa.array([ticks]).cast(kind),
        "known_at": pa.array([ticks]).cast(kind),
    }
    pq.write_table(pa.table(table), desk.folder / "things.parquet")
    (desk.folder / "things.sql").write_text(
        "select * from read_parquet($path) where event_ts >= $day_start and event_ts < $day_end"
    )
    source = features.find_source(str(desk.folder / "things.sql"), "events", str(desk.folder / "things.parquet"))

    with desk.open() as warehouse:
        counts = [desk.ingest(warehouse, source, day, day) for day in ("2025-03-31", "2025-04-01")]
        rows = desk.lake_rows(warehouse, "events.things", "epoch_us(event_ts), epoch_us(known_at), event_ds, seen_ds")

    assert [(count.rows_in, count.rows, count.quarantined) for count in counts] == [(1, 1, 0), (0, 0, 0)]
    cut = ticks * 10**6 if unit == "s" else LATE // 10**6 * 1000 if unit == "ms" else LATE // 1000
    assert rows == [(cut, cut, date(2025, 3, 31), date(2025, 3, 31))]


@pytest.mark.parametrize("zone", ["", " at time zone 'UTC'"])
def test_an_infinite_time_in_nanoseconds_is_quarantined_as_one(desk: Desk, zone: str) -> None:
    (desk.folder / "things.sql").write_text(
        f"select 1 as user_id, 10 as goods_id, 7 as shop_id, 'buy' as event_type, "
        f"(timestamp_ns 'infinity'){zone} as event_ts"
    )
    source = features.find_source(str(desk.folder / "things.sql"), "events", None)

    with desk.open() as warehouse:
        counts = desk.ingest(warehouse, source, "2025-03-31", "2025-03-31")
        [(reason,)] = desk.lake_rows(warehouse, "quarantine.things", "refused")

    assert (counts.rows_in, counts.rows, counts.quarantined) == (1, 0, 1)
    assert reason == "event_ts outside 1990 to 2099"


def test_an_impression_in_the_last_nanosecond_of_a_day_is_of_that_day(desk: Desk) -> None:
    table = {"user_id": [1], "goods_id": [10], "label": [1], "event_ts": pa.array([LATE]).cast(pa.timestamp("ns"))}
    pq.write_table(pa.table(table), desk.folder / "shown.parquet")
    (desk.folder / "shown.sql").write_text("from read_parquet($path)")
    shown = features.find_source(str(desk.folder / "shown.sql"), "impressions", str(desk.folder / "shown.parquet"))

    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source([(1, 10, 7, "buy", "2025-03-01 10:00:00")]), "2025-03-01", "2025-03-01")
        features.ingest_impressions(warehouse, shown, date(2025, 3, 31), date(2025, 4, 1), desk.ingestion)
        days = [file.ds for file in warehouse.files("impressions.shown", date(1970, 1, 1), date(2100, 1, 1))]

    assert days == [date(2025, 3, 31)]
