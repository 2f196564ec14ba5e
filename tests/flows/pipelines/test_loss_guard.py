"""Days that keep their rows, as people meet them: on the command line, in status, doctor and a night."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

import features
from flows.pipelines.ingest import ingest
from flows.pipelines.nightly import run_nights, utc_now
from flows.settings import load_settings, open_store
from tests.conftest import QUERY, Said, month_of_events, write_events

NightRank = Callable[..., Said]


@pytest.fixture
def short(tmp_path: Path, nightrank: NightRank) -> Path:
    """A store of 30 rows a day in March 1 and 2, whose source gives but 3 of the first day by now."""
    (tmp_path / "clicks.sql").write_text(QUERY)
    write(tmp_path, {1: 30, 2: 30})
    nightrank("ingest", tmp_path / "clicks.sql", "--path", tmp_path / "clicks.parquet", "--store", tmp_path / "store")
    write(tmp_path, {1: 3, 2: 30})
    return tmp_path / "store"


def write(folder: Path, days: dict[int, int]) -> None:
    rows = [(n, 10, 5, "buy", datetime(2025, 3, day, 9)) for day in days for n in range(days[day])]
    write_events(folder / "clicks.parquet", rows)


def test_a_read_warns_of_days_held_back_and_the_command_it_prints_accepts_the_loss(
    short: Path, nightrank: NightRank
) -> None:
    read = nightrank("ingest", "clicks", "--store", short)

    command = f"nightrank ingest clicks --replace-days 2025-03-01 --store {short}"
    assert (read.code, read.out) == (0, "clicks: 30 rows in, 30 kept, 0 duplicates, 0 quarantined, 1 days\n")
    assert "nightrank: warning: source clicks returned too few events of 1 day(s), which stay as they are. " in read.err
    assert f"2025-03-01: 30 rows held, 3 returned. To replace them all the same: {command}" in read.err
    [held] = json.loads(nightrank("status", "--store", short, "--json").out)["parts"]["held_back"]
    assert (held["source"], held["ds"], held["rows_held"], held["rows_returned"]) == ("clicks", "2025-03-01", 30, 3)
    assert "events of clicks, 2025-03-01: 30 rows held, 3 returned" in nightrank("doctor", "--store", short).out

    accepted = nightrank(*command.split()[1:])

    assert (accepted.code, accepted.out) == (0, "clicks: 3 rows in, 3 kept, 0 duplicates, 0 quarantined, 1 days\n")
    assert json.loads(nightrank("status", "--store", short, "--json").out)["parts"]["held_back"] == []


def test_a_loss_of_every_row_is_accepted_too(short: Path, nightrank: NightRank) -> None:
    write(short.parent, {2: 30})

    read = nightrank("ingest", "clicks", "--replace-days", "2025-03-01..2025-03-02", "--store", short, "--json")

    assert [(one["days"], one["rows_in"], one["held_back"]) for one in json.loads(read.out)] == [(1, 30, [])]


def test_rows_that_are_all_refused_fail_the_read_with_reasons_and_lose_nothing(
    short: Path, nightrank: NightRank
) -> None:
    write_events(short.parent / "clicks.parquet", [(None, 10, 5, "buy", datetime(2025, 3, 1, 9))] * 30)

    read = nightrank("ingest", "clicks", "--store", short)

    assert read.code == 1
    assert "  30 row(s): user_id is missing, such as goods_id=10, shop_id=5, event_type=buy" in read.err
    found = json.loads(nightrank("status", "--store", short, "--json").out)["parts"]
    assert [source["kept"] for source in found["sources"]] == [60]
    assert [(one["reason"], one["rows"]) for one in found["refused"]] == [("user_id is missing", 30)]


def test_rows_that_are_all_refused_fail_each_read(tmp_path: Path, nightrank: NightRank) -> None:
    (tmp_path / "clicks.sql").write_text(QUERY)
    write_events(tmp_path / "clicks.parquet", [(None, 10, 5, "buy", datetime(2025, 3, 1, 9))] * 3)
    words = ("ingest", tmp_path / "clicks.sql", "--path", tmp_path / "clicks.parquet", "--store", tmp_path / "store")

    assert [nightrank(*words).code for _ in range(2)] == [1, 1]


@pytest.mark.parametrize(
    ("days", "code", "said"),
    [
        ("2025-03-0", 2, "neither a day"),
        ("2025-03-02..2025-03-01", 2, "is after"),
        ("1889-01-01", 2, "is not within"),
        ("2099-01-01", 1, "is not over yet"),
    ],
)
def test_days_that_cannot_be_replaced_are_refused(
    short: Path, nightrank: NightRank, days: str, code: int, said: str
) -> None:
    read = nightrank("ingest", "clicks", "--replace-days", days, "--store", short)

    assert (read.code, said in " ".join(read.err.replace("│", " ").split())) == (code, True)


def test_a_catalogue_has_no_days_to_replace(short: Path, nightrank: NightRank) -> None:
    assert nightrank("ingest", "clicks", "--as", "goods", "--replace-days", "2025-03-01", "--store", short).code == 2


def test_a_night_goes_on_with_the_rows_it_has_and_warns(own_store: Path, walked_store: Path) -> None:
    settings, path = load_settings(own_store), walked_store.parent / "purchases.parquet"
    given = write_events(own_store.parent / "short.parquet", [row for row in month_of_events() if row[4].day != 20])
    with features.open_warehouse(open_store(own_store, settings), "a test", utc_now) as warehouse:
        [source] = features.registered_sources(warehouse, "events")
        assert source.path == str(path)
        short = features.Source(source.name, source.kind, source.query, str(given))
        counts = ingest(warehouse, settings, short, date(2025, 3, 20), date(2025, 3, 20))
        [day] = counts.held_back

    [result] = run_nights(own_store, date(2025, 3, 21))

    assert result.status == "OK_WITH_WARNINGS"
    with features.open_published(open_store(own_store, settings)) as reader:
        [(advice,)] = reader.ask("select advice from summaries where ds = date '2025-03-21'").rows
    command = f"nightrank ingest purchases --replace-days 2025-03-20 --store {own_store}"
    assert [one for one in advice if command in one and str(day) in one] != []
