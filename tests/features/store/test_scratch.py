"""A trial: built for as long as it lasts."""

import errno
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

import features
from features import Store, Warehouse
from features.store import lake
from features.store.fingerprints import fingerprint
from tests.conftest import Desk

SUNDAY = date(2025, 3, 2)


@pytest.fixture
def with_events(desk: Desk) -> Iterator[Warehouse]:
    rows = [(user, 10, 5, "click", datetime(2025, 3, day, 9)) for user in (1, 2, 3) for day in (1, 2)]
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source(rows), "2025-03-01", "2025-03-02")
        yield warehouse


def in_the_lake(desk: Desk) -> set[Path]:
    return set(desk.store.lake.rglob("*"))


def test_what_a_trial_builds_is_there_in_it_and_gone_after_it(desk: Desk, with_events: Warehouse) -> None:
    before = in_the_lake(desk)

    with features.scratch_warehouse(with_events) as aside:
        features.build_histories(aside, SUNDAY)
        histories = features.load_histories(aside, SUNDAY)
        assert len(aside.files("histories", SUNDAY, SUNDAY)) == 2

    assert histories.user_keys.tolist() == [1, 1, 2, 2, 3, 3]
    assert with_events.files("histories", SUNDAY, SUNDAY) == []
    assert with_events.one("ledger/run_of", asset="histories", ds=SUNDAY) is None
    assert in_the_lake(desk) == before


def test_what_was_built_before_stays_though_the_trial_builds_it_again(desk: Desk, with_events: Warehouse) -> None:
    features.build_histories(with_events, SUNDAY)
    files, before = with_events.files("histories", SUNDAY, SUNDAY), in_the_lake(desk)
    with_events.con.execute("update ops.intervals set fingerprint = 'of old' where asset = 'histories'")

    with features.scratch_warehouse(with_events) as aside:
        features.build_histories(aside, SUNDAY)
        assert aside.files("histories", SUNDAY, SUNDAY) == files

    assert with_events.files("histories", SUNDAY, SUNDAY) == files
    assert in_the_lake(desk) == before


def test_a_trial_that_is_stopped_says_what_stopped_it_and_leaves_nothing(
    desk: Desk, with_events: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, write = in_the_lake(desk), lake.write

    def full(store: Store, frame: pl.DataFrame, asset: str, ds: date, bucket: int = 0) -> lake.LakeFile:
        if bucket == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(store, frame, asset, ds, bucket)

    with monkeypatch.context() as machine:
        machine.setattr("features.store.lake.write", full)
        with pytest.raises(OSError, match="No space left"), features.scratch_warehouse(with_events) as aside:
            features.build_histories(aside, SUNDAY)

    assert in_the_lake(desk) == before
    assert with_events.one("ledger/run_of", asset="histories", ds=SUNDAY) is None


def test_what_duckdb_refuses_in_a_trial_is_what_is_said(with_events: Warehouse) -> None:
    built_from = fingerprint({"code": 1})

    with (
        pytest.raises(duckdb.ConversionException, match="not a number"),
        features.scratch_warehouse(with_events) as aside,
        aside.building("histories", SUNDAY, built_from),
    ):
        aside.con.execute("select cast('not a number' as integer)")

    assert features.build_histories(with_events, SUNDAY) == 6
