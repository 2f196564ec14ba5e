"""What whoever is on call is told of a night: one row, a log line, the screen of status and the page."""

import json
import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

import din
import features
from features import Summary
from features.publish.night_summary import advice_on
from flows.pipelines.nightly import run_nights
from flows.runtime.night_summary import markdown, sentence
from tests.conftest import Said, write_events

NightRank = Callable[..., Said]
TOLD = datetime(2025, 3, 22, 1, 30)


def ask(path: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(query).fetchall()


def broken(*_: object, **__: object) -> None:
    raise features.FeatureError("the disk is full")


def test_a_night_that_is_published_tells_its_numbers_beside_those_of_the_nights_before(walked_store: Path) -> None:
    query = (
        "select state, events, events_median, users, users_median, rows, rows_median, k, hit_rate is not null,"
        " baseline is not null, psi is not null, goods_share, model_days, late_rows, late_days, map_keys(stages),"
        " sources, advice from {} where ds = '2025-03-20'"
    )

    kept = ask(walked_store / "warehouse.duckdb", query.format("ops.summaries"))

    assert kept == [
        (
            *("OK", 8, 8.0, 12, 12.0, 60, 60.0, 5, True, True, True, 1.0, 3, 0, 0),
            ["histories", "sequences", "candidates", "rankings", "outcomes", "publish"],
            [{"source": "purchases", "newest_event_ds": date(2025, 3, 20), "days_behind": 0}],
            [],
        )
    ]
    assert ask(walked_store / "published.duckdb", query.format("summaries")) == kept


def test_a_night_that_fails_is_told_with_its_stage_and_what_to_do_until_it_is_made_good(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(din, "rank", broken, raising=False)
        said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)
    status = nightrank("status", "--store", own_store).out
    page = Path(nightrank("report", "--store", own_store).out.strip()).read_text()

    assert (
        "night_summary ds=2025-03-21 run_id=nightly-2025-03-21-1 state=FAILED_KEPT_YESTERDAY stage=rankings" in said.err
    )
    told = ask(
        own_store / "warehouse.duckdb",
        "select state, stage, error, rows, advice, map_keys(stages) from ops.summaries where ds = '2025-03-21'",
    )
    again = f"put right what it says, then: nightrank nightly --ds 2025-03-21 --store {own_store}"
    stages = ["histories", "sequences", "candidates", "rankings"]
    assert told == [("FAILED_KEPT_YESTERDAY", "rankings", "the disk is full", None, [again], stages)]
    assert "last tried 2025-03-21  FAILED_KEPT_YESTERDAY\n           in rankings: the disk is full\n" in status
    assert f"           do: {again}\n" in status
    assert "The night of 2025-03-21 failed in rankings; what people see is 2025-03-20." in page
    assert "<caption>Time by stage</caption>" in page

    with duckdb.connect(str(own_store / "warehouse.duckdb")) as con:  # an older night that was tried again since
        con.execute("update ops.summaries set told_at = '2100-01-01' where ds = '2025-03-19'")
    assert "last tried 2025-03-21  FAILED_KEPT_YESTERDAY\n" in nightrank("status", "--store", own_store).out
    with duckdb.connect(str(own_store / "warehouse.duckdb")) as con:
        con.execute("update ops.summaries set told_at = '2025-03-20' where ds = '2025-03-19'")
    run_nights(own_store, date(2025, 3, 21))
    assert "last tried 2025-03-21  OK\n" in nightrank("status", "--store", own_store).out
    assert ask(own_store / "published.duckdb", "select state, stage from summaries where ds > '2025-03-19'") == [
        ("OK", None),
        ("OK", None),
    ]


def test_the_first_night_that_fails_is_told_as_failed(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_store / "published.duckdb").unlink()
    shutil.rmtree(own_store / "releases")
    with duckdb.connect(str(own_store / "warehouse.duckdb")) as con:
        con.execute("delete from ops.nights")
        con.execute("delete from ops.summaries")
    monkeypatch.setattr(din, "rank", broken, raising=False)

    assert nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store).code == 1

    assert ask(own_store / "warehouse.duckdb", "select ds, state from ops.summaries") == [(date(2025, 3, 21), "FAILED")]


def test_a_source_that_cannot_be_read_is_told_until_it_can(own_store: Path, walked_store: Path) -> None:
    path = walked_store.parent / "purchases.parquet"
    away = path.rename(path.with_suffix(".away"))
    told: list[Summary] = []
    try:
        with pytest.raises(features.FeatureError, match="purchases"):
            run_nights(own_store, date(2025, 3, 22), tell=told.append)
    finally:
        away.rename(path)

    assert [(one.ds, one.state, one.stage) for one in told] == [
        (date(2025, 3, 22), "FAILED_KEPT_YESTERDAY", "ingest_new_days"),
    ]
    run_nights(own_store, date(2025, 3, 21))
    assert ask(own_store / "warehouse.duckdb", "select ds from ops.summaries where ds > '2025-03-20'") == [
        (date(2025, 3, 21),)
    ]


def test_a_night_is_told_in_one_log_line_with_the_events_that_came_late(
    own_store: Path, walked_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = walked_store.parent / "purchases.parquet"
    whole = path.read_bytes()
    rows = duckdb.connect().execute("from read_parquet(?)", [str(path)]).fetchall()
    late = [(1, 100, 2, "buy", f"2025-03-{day} 10:00:00") for day in (19, 19, 20)]
    write_events(path, [*rows, *late])
    monkeypatch.setenv("NIGHTRANK_INGEST__REREAD_DAYS", "3")
    try:
        said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)
    finally:
        path.write_bytes(whole)

    [line] = [line for line in said.err.splitlines() if " night_summary " in line]
    told = dict(part.split("=", 1) for part in line.split(" night_summary ")[1].split(" ") if "=" in part)
    assert {name: told[name] for name in ("ds", "state", "events", "late_rows", "late_days", "to_do")} == {
        "ds": "2025-03-21",
        "state": "OK",
        "events": "8",
        "late_rows": "3",
        "late_days": "2",
        "to_do": "0",
    }
    assert float(told["publish_seconds"]) > 0


def test_a_store_of_before_summaries_is_read_and_gets_them(own_store: Path, nightrank: NightRank) -> None:
    with duckdb.connect(str(own_store / "warehouse.duckdb")) as con:
        con.execute("drop table ops.summaries")
        con.execute("drop table ops.late")

    status = nightrank("status", "--json", "--store", own_store)
    run_nights(own_store, date(2025, 3, 21))

    assert json.loads(status.out)["parts"]["summary"] == []
    assert ask(own_store / "published.duckdb", "select ds, state from summaries") == [(date(2025, 3, 21), "OK")]


@pytest.fixture
def killed_after_flip(own_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store whose last night was killed right after its flip."""

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(features, "save_summary", killed)
        patch.setattr(features, "summarize_failure", lambda *_: None)
        with pytest.raises(SystemExit):
            run_nights(own_store, date(2025, 3, 21))
    return own_store


def test_a_night_killed_right_after_its_flip_tells_what_its_release_holds(killed_after_flip: Path) -> None:
    run_nights(killed_after_flip, date(2025, 3, 21))

    query = "select * exclude (error) from ops.summaries where ds = '2025-03-21'"
    kept = ask(killed_after_flip / "warehouse.duckdb", query)
    assert [row[2] for row in kept] == ["OK"]
    assert kept == ask(killed_after_flip / "published.duckdb", "from summaries where ds = '2025-03-21'")


def test_a_night_of_before_summaries_killed_right_after_its_flip_is_made_good(killed_after_flip: Path) -> None:
    with duckdb.connect(str((killed_after_flip / "published.duckdb").resolve())) as con:
        con.execute("drop table summaries")

    run_nights(killed_after_flip, date(2025, 3, 21))

    query = "select status from ops.nights where ds = '2025-03-21'"
    assert ask(killed_after_flip / "warehouse.duckdb", query) == [("OK",)]
    assert ask(killed_after_flip / "warehouse.duckdb", "from ops.summaries where ds = '2025-03-21'") == []


def test_what_stopped_a_night_is_told_though_the_record_cannot_be_written(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise features.FeatureError("keep_summary (features/publish/night_summary.py) did not go through")

    monkeypatch.setattr(din, "rank", broken, raising=False)
    monkeypatch.setattr("features.publish.night_summary.save_summary", full)

    said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert (said.code, said.err.splitlines()[-1]) == (1, "nightrank: the disk is full")
    assert " state=FAILED_KEPT_YESTERDAY stage=rankings error=the disk is full " in said.err


def test_a_check_that_found_rows_says_what_to_do_or_how_to_see_them(own_store: Path) -> None:
    told = advice_on(features.Store(own_store, features.StoreConfig()), ["scores_differ", "source_is_fresh"])

    assert told == [
        f"scores_differ: {features.store.sql_files.remedy('scores_differ')}",
        "source_is_fresh found one row per source that brought events before and has brought none for two days up to "
        f"the newest night. See: nightrank sql sql/checks/source_is_fresh.sql --store {own_store}",
    ]


def test_a_night_in_a_sentence() -> None:
    given = (date(2025, 3, 21), "nightly-2025-03-21-1")

    assert [
        sentence(Summary(*given, "OK", None, None, TOLD)),
        sentence(Summary(*given, "OK_WITH_WARNINGS", None, None, TOLD, advice=["day_had_events: look"])),
        sentence(Summary(*given, "FAILED_KEPT_YESTERDAY", "rankings", "the disk is full\nof rows", TOLD)),
        sentence(Summary(*given, "FAILED", "champion", "no model", TOLD)),
    ] == [
        "the night of 2025-03-21 is published",
        "the night of 2025-03-21 is published, with warnings: 1",
        "the night of 2025-03-21 failed in rankings; yesterday stays published: the disk is full",
        "the night of 2025-03-21 failed in champion, and nothing is published: no model",
    ]


def test_a_night_as_a_page_of_prefect() -> None:
    sources = [{"source": "clicks", "newest_event_ds": date(2025, 3, 20), "days_behind": 1}]
    summary = Summary(
        date(2025, 3, 21),
        "nightly-2025-03-21-1",
        "OK_WITH_WARNINGS",
        None,
        None,
        TOLD,
        sources,
        events=8,
        events_median=9.0,
        users=12,
        hit_rate=0.5,
        k=10,
        baseline="popular",
        baseline_hit_rate=0.25,
        model_id="din-1",
        model_days=3,
        late_rows=2,
        late_days=1,
        stages={"histories": 0.26},
        advice=["source_is_fresh: look"],
    )

    assert (
        markdown(summary)
        == """\
# 2025-03-21: OK_WITH_WARNINGS

the night of 2025-03-21 is published, with warnings: 1.

- source_is_fresh: look

| volume | tonight | median of the last nights |
| --- | --- | --- |
| events | 8 | 9.0 |
| users | 12 | — |
| candidates | — | — |
| rows | — | — |

| source | newest event | days behind |
| --- | --- | --- |
| clicks | 2025-03-20 | 1 |

| measure | tonight | beside |
| --- | --- | --- |
| hit rate at 10 | 0.5000 | popular 0.2500 |
| PSI of the scores | — | limit — |
| overlap with the night before | — |  |
| goods ranked, of all | — |  |
| GAUC of din-1 | — | mean pooling — |
| its age in days | 3 |  |
| late events | 2 | of 1 days |

| stage | seconds |
| --- | --- |
| histories | 0.3 |"""
    )
