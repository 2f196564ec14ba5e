"""Which stages are tried again, after what, and that one which failed half-way can be."""

import errno
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

import features
from features import CheckFailedError, FeatureError, Warehouse
from features.store import lake
from features.store.fingerprints import Fingerprint
from flows.runtime import steps
from flows.runtime.steps import NO_RETRY, StageTimer, retry_delays, with_retries
from flows.runtime.timeouts import TimeoutExceeded
from tests.conftest import Said

NightRank = Callable[..., Said]
NIGHT = date(2025, 3, 21)
STALE = OSError(errno.ESTALE, "Stale file handle")


def stale_once(monkeypatch: pytest.MonkeyPatch, asset: str) -> None:
    """Lets a disk of the network refuse to write one file of an asset, once."""
    real, refused = lake.write, []

    def write(store: features.Store, frame: object, what: str, *given: object, **named: object) -> object:
        if what == asset and not refused:
            refused.append(what)
            raise STALE
        return real(store, frame, what, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(lake, "write", write)


def test_a_stage_that_the_disk_refused_half_way_is_tried_again_and_the_night_is_published(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "FIRST_WAIT_SECONDS", 0.01)
    stale_once(monkeypatch, "candidates")

    said = nightrank("nightly", "--plain", "--ds", NIGHT, "--store", own_store)

    assert said.code == 0, said.err
    assert said.out.startswith("2025-03-21  OK  12 users, 60 rows")
    [line] = [line for line in said.err.splitlines() if "stage_again" in line]
    assert "stage_again stage=candidates in_seconds=0.01" in line
    with duckdb.connect(str(own_store / "warehouse.duckdb"), read_only=True) as con:
        assert con.execute("select asset from ops.intervals where status <> 'done'").fetchall() == []
        assert con.execute("select state from ops.summaries where ds = '2025-03-21'").fetchall() == [("OK",)]


def test_a_transaction_that_was_broken_half_way_leaves_nothing_in_the_way_of_the_next_try(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "FIRST_WAIT_SECONDS", 0.01)
    tries = []

    def stage(night: Warehouse) -> str:
        with night.building("candidates", NIGHT, Fingerprint({})):
            night.con.execute("create table half as select 1")
            tries.append(1)
            if len(tries) == 1:
                try:
                    night.con.execute("select error('broken')")
                except duckdb.Error as error:
                    raise duckdb.IOException("IO Error: Could not read from file: Input/output error") from error
        return "built"

    assert with_retries(stage)(warehouse) == "built"
    assert warehouse.con.execute("select status from ops.intervals").fetchall() == [("done",)]


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "may_pass"),
    [
        (STALE, True),
        (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), True),
        (FileNotFoundError(errno.ENOENT, "No such file"), False),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (duckdb.IOException("IO Error: Could not read from file: Stale file handle"), True),
        (duckdb.IOException('IO Error: No files found that match the pattern "/nowhere"'), False),
        (duckdb.IOException("IO Error: Could not write file: No space left on device"), False),
        (caused(FeatureError("source clicks: IO Error"), duckdb.IOException("Input/output error")), True),
        (FeatureError("no events yet"), False),
        (CheckFailedError("scores_differ"), False),
        (duckdb.OutOfMemoryException("Out of Memory Error"), False),
        (MemoryError(), False),
        (TimeoutExceeded("stopped in rankings"), False),
    ],
)
def test_what_a_network_refused_may_pass_and_a_mistake_a_check_and_memory_do_not(
    error: Exception, may_pass: bool
) -> None:
    assert features.is_transient(error) is may_pass


def test_what_may_pass_is_tried_three_times_more_each_after_twice_as_long_and_what_may_not_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("flows.runtime.steps.time.sleep", slept.append)
    tries: list[str] = []

    def stale() -> None:
        tries.append("stale")
        raise STALE

    def mistaken() -> None:
        tries.append("mistaken")
        raise FeatureError("no events yet")

    with pytest.raises(OSError, match="Stale"):
        with_retries(stale)()
    with pytest.raises(FeatureError):
        with_retries(mistaken)()

    assert tries == ["stale"] * 4 + ["mistaken"]
    assert [wait // least for wait, least in zip(slept, (10, 20, 40), strict=True)] == [1, 1, 1]


def test_what_may_have_published_a_night_is_tried_once() -> None:
    def publish() -> None:
        raise STALE

    assert (retry_delays(publish), NO_RETRY) == ([], ("publish", "catch_up", "backfill_days"))
    with pytest.raises(OSError, match="Stale"):
        with_retries(publish)()


def test_the_stage_under_way_is_timed_up_to_now() -> None:
    watch = StageTimer()
    watched = watch.timed(with_retries)

    def histories() -> None: ...

    def publish() -> list[str]:
        return list(watch.so_far())

    watched(histories)()
    assert watched(publish)() == ["histories", "publish"]
    assert (watch.at, list(watch.seconds)) == ("publish", ["histories", "publish"])
