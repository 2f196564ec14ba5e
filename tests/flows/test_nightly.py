"""The night as a whole: what is built, what is kept, what stops it."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

import din
import features
from flows.night import run_nights, utc_now
from flows.settings import load_settings, open_store
from flows.training import run_training
from tests.conftest import Said, write_events

NightRank = Callable[..., Said]


def digest(root: Path) -> list[tuple]:
    with duckdb.connect(str(root / "published.duckdb"), read_only=True) as con:
        found = con.execute("from rankings order by ds, user_id, rank").fetchall()
        return found + con.execute("from why order by all").fetchall()


def test_a_published_night_is_not_ranked_again(own_store: Path, nightrank: NightRank) -> None:
    before = (own_store / "published.duckdb").resolve()

    said = nightrank("nightly", "--plain", "--ds", "2025-03-20", "--store", own_store)

    assert (said.code, said.out) == (0, "nothing to do: published already\n")
    assert (own_store / "published.duckdb").resolve() == before


def test_the_nights_between_are_ranked_too(own_store: Path, walked_store: Path) -> None:
    store = open_store(own_store, load_settings(own_store))
    with features.open_warehouse(store, "a test", utc_now) as warehouse:
        warehouse.con.execute("delete from ops.nights where ds >= '2025-03-19'")
        warehouse.con.execute("delete from ops.runs where ds >= '2025-03-19'")

    results = run_nights(own_store, date(2025, 3, 20))

    assert [(result.ds, result.status, result.rows) for result in results] == [
        (date(2025, 3, 19), "OK", 60),
        (date(2025, 3, 20), "OK", 60),
    ]
    assert digest(own_store) == digest(walked_store)


def test_a_night_without_events_still_ranks_and_warns(own_store: Path, nightrank: NightRank) -> None:
    said = nightrank("nightly", "--plain", "--ds", "2025-03-22", "--store", own_store, "--json")

    assert said.code == 0
    assert [(night["ds"], night["status"]) for night in json.loads(said.out)] == [
        ("2025-03-21", "OK"),
        ("2025-03-22", "OK_WITH_WARNINGS"),
    ]
    assert "check_broken check=day_had_events severity=warn rows=1" in said.err


def test_new_events_of_the_source_are_read_on(own_store: Path, walked_store: Path) -> None:
    path = walked_store.parent / "purchases.parquet"
    whole = path.read_bytes()
    rows = duckdb.connect().execute("from read_parquet(?)", [str(path)]).fetchall()
    write_events(path, [*rows, (99, 100, 2, "buy", "2025-03-23 10:00:00")])
    try:
        run_nights(own_store, date(2025, 3, 23))
    finally:
        path.write_bytes(whole)

    with duckdb.connect(str(own_store / "published.duckdb"), read_only=True) as con:
        assert con.execute("select goods_ids from goods_sequences where user_id = 99").fetchall() == [([100],)]
        assert con.execute("select count(*) from latest_rankings where user_id = 99").fetchall() == [(5,)]


def test_a_check_that_stops_keeps_yesterday(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(own_store)
    real = din.rank

    def all_equal(*given: object, **named: object) -> tuple:
        ranked, weights = real(*given, **named)  # type: ignore[arg-type]
        return ranked._replace(score=ranked.score * 0 + 0.5), weights

    monkeypatch.setattr(din, "rank", all_equal, raising=False)
    said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert said.code == 4
    assert "the ranking of 2025-03-21 breaks a promise and is not published; yesterday stays" in said.err
    assert "sql/checks/scores_differ.sql: 1 row(s)" in said.err
    assert digest(own_store) == before
    status = nightrank("status", "--store", own_store)
    assert status.code == 4
    assert "2025-03-21  FAILED_KEPT_YESTERDAY: scores_differ" in status.out

    monkeypatch.undo()
    assert nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store).code == 0
    assert nightrank("status", "--store", own_store).code == 0


def test_a_night_that_breaks_in_the_middle_is_told_and_mended(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(own_store)

    def broken(*_: object, **__: object) -> None:
        raise features.FeatureError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(din, "rank", broken, raising=False)
        said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert (said.code, said.err.splitlines()[-1]) == (1, "nightrank: the disk is full")
    assert digest(own_store) == before
    problems = json.loads(nightrank("status", "--json", "--store", own_store).out)["parts"]["problems"]
    assert [(row["asset"], row["status"], row["error"]) for row in problems] == [
        ("rankings", "failed", "FeatureError: the disk is full")
    ]
    assert nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store).code == 0
    assert json.loads(nightrank("status", "--json", "--store", own_store).out)["parts"]["problems"] == []


def test_a_worse_model_does_not_become_champion(own_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTRANK_TRAIN__LEARNING_RATE", "1e-9")

    [_, record] = run_training(own_store, date(2025, 3, 20))

    assert not record.champion
    with duckdb.connect(str(own_store / "warehouse.duckdb"), read_only=True) as con:
        assert con.execute("select ds from ops.models where champion").fetchall() == [(date(2025, 3, 17),)]


def test_training_again_gives_the_same_model(own_store: Path) -> None:
    with duckdb.connect(str(own_store / "warehouse.duckdb"), read_only=True) as con:
        before = con.execute("select model_id from ops.models order by all").fetchall()

    records = run_training(own_store, date(2025, 3, 17))

    assert sorted((record.model_id,) for record in records) == before


def test_what_a_model_was_measured_on_comes_after_what_it_learned_from(own_store: Path) -> None:
    record = json.loads(next((own_store / "models").glob("din-*/model.json")).read_text())

    assert (record["ds"], record["window"]) == ("2025-03-17", {"train_days": 8, "eval_days": 3})


@pytest.mark.prefect
def test_the_flows_run_through_prefect_and_give_what_plain_gives(own_store: Path, walked_store: Path) -> None:
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        from flows.nightly import nightly
        from flows.train import train

        records = train(str(own_store), date(2025, 3, 17))
        results = nightly(str(own_store), date(2025, 3, 21))

    assert [record.pooling for record in records] == ["mean", "din"]
    assert [(result.ds, result.status) for result in results] == [(date(2025, 3, 21), "OK")]
    plain = [row for row in digest(own_store) if row[0] < date(2025, 3, 21)]
    assert plain == digest(walked_store)
