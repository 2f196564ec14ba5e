"""The published file as its readers find it: closed to writing, within limits, and outside of nobody's store."""

import signal
import tempfile
from pathlib import Path

import pytest

import features
from features import StoreConfig
from features.store import duckdb_connection


def test_a_release_that_is_published_cannot_be_written(walked_store: Path) -> None:
    assert [oct(path.stat().st_mode & 0o777) for path in (walked_store / "releases").glob("*.duckdb")] == ["0o440"] * 3


def test_a_reader_keeps_to_the_limits_of_the_store_and_spills_elsewhere(walked_store: Path) -> None:
    config = StoreConfig(memory_limit="64MiB", temp_limit="1GiB", threads=1)
    with features.open_published(features.Store(walked_store, config)) as reader:
        [limits] = reader.ask(
            "select current_setting('memory_limit'), current_setting('max_temp_directory_size'),"
            " current_setting('threads'), current_setting('temp_directory')"
        ).rows
        spilled = reader.ask("select count(*) from (select range from range(9_000_000) order by hash(range))").rows

    assert limits[:3] == ("64.0 MiB", "1.0 GiB", 1)
    spilled_to = Path(limits[3])
    assert (spilled_to.parent, oct(spilled_to.stat().st_mode)) == (Path(tempfile.gettempdir()), "0o40700")
    assert spilled == [(9_000_000,)]
    assert list((walked_store / "releases").glob("*.tmp")) == []
    assert list(spilled_to.iterdir()) == []


def test_a_look_has_limits_even_where_none_are_given(walked_store: Path) -> None:
    with duckdb_connection.connect_read_only(walked_store / "published.duckdb") as con:
        assert con.execute("select current_setting('memory_limit')").fetchall() == [("1.8 GiB",)]


def test_a_column_whose_name_comes_again_gets_a_number_that_is_free() -> None:
    answer = features.Answer(["a", "a", "a_1", "a"], [(1, 2, 3, 4)])

    assert answer.records() == [{"a": 1, "a_2": 2, "a_1": 3, "a_3": 4}]


@features.translate_errors()
def interrupted_in_duckdb() -> None:
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        raise RuntimeError("Query interrupted")  # noqa: B904 - as DuckDB does


def test_a_query_that_duckdb_stopped_at_ctrl_c_is_an_interrupt() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        interrupted_in_duckdb()
    signal.signal(signal.SIGINT, before)
