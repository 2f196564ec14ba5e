"""Scores that are not published: the fault is planted, yesterday stays, and the error says what to do."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest
import torch

import din
import features
from flows.pipelines.nightly import utc_now
from flows.settings import load_settings, open_store
from tests.conftest import QUERY, Said, write_events
from tests.flows.pipelines.test_nightly import digest

NightRank = Callable[..., Said]
Scores = Callable[[din.Ranking], np.ndarray]
NIGHT = ("nightly", "--plain", "--ds", "2025-03-21", "--store")


def plant(monkeypatch: pytest.MonkeyPatch, scores: Scores) -> None:
    """Lets the model give other scores to what it ranks."""
    real = din.rank

    def faulty(*given: object, **named: object) -> tuple:
        ranked, weights = real(*given, **named)  # type: ignore[arg-type]
        return ranked._replace(score=scores(ranked)), weights

    monkeypatch.setattr(din, "rank", faulty, raising=False)


def asked(root: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(root / "published.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


@pytest.mark.parametrize(
    ("scores", "check", "advice"),
    [
        (lambda ranked: ranked.score * 0 + 0.5, "scores_differ", "train again with nightrank train"),
        (lambda ranked: ranked.user_keys / 100, "scores_differ", "train again with nightrank train"),
        (
            lambda ranked: ranked.score * np.nan,
            "score_is_a_probability",
            "weights are damaged, or overflow: train again",
        ),
        (
            lambda ranked: ranked.score + np.inf,
            "score_is_a_probability",
            "weights are damaged, or overflow: train again",
        ),
        (lambda ranked: ranked.score - 1, "score_is_a_probability", "weights are damaged, or overflow: train again"),
        (
            lambda ranked: 0.999 - ranked.rank / 1e6,
            "scores_like_yesterday",
            "look for what changed since: events, catalogue, candidates, settings; where the change is meant, run the "
            "night once with NIGHTRANK_PUBLISH__MAX_PSI=0",
        ),
    ],
    ids=["all equal", "equal within each user", "no numbers", "infinite", "below zero", "far from yesterday"],
)
def test_a_night_with_such_scores_is_not_published(
    scores: Scores,
    check: str,
    advice: str,
    own_store: Path,
    nightrank: NightRank,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = digest(own_store)

    with monkeypatch.context() as fault:
        plant(fault, scores)
        said = nightrank(*NIGHT, own_store)

    assert said.code == 4
    assert "the ranking of 2025-03-21 breaks a promise and is not published; yesterday stays" in said.err
    assert f"  sql/checks/{check}.sql: " in said.err
    assert advice in said.err
    assert digest(own_store) == before
    status = nightrank("status", "--store", own_store)
    assert status.code == 4
    [told] = [line for line in status.out.splitlines() if "2025-03-21  FAILED_KEPT_YESTERDAY: " in line]
    assert check in told
    assert nightrank(*NIGHT, own_store).code == 0
    assert nightrank("status", "--store", own_store).code == 0


def test_a_model_whose_scores_are_no_numbers_is_stopped_before_anything_is_written(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, real = digest(own_store), din.load_model

    def damaged(*given: object) -> din.DIN:
        model = real(*given)  # type: ignore[arg-type]
        with torch.no_grad():
            model.goods.embedding.weight.fill_(float("nan"))
        return model

    with monkeypatch.context() as fault:
        fault.setattr(din, "load_model", damaged, raising=False)
        said = nightrank(*NIGHT, own_store)
        fault.setenv("NIGHTRANK_RANKING__TOP_K", "4")
        rebuilt = nightrank(
            "backfill", *["2025-03-20"] * 2, "--mode", "stale", "--reason", "four", "--store", own_store
        )

    assert said.code == 4
    assert (
        said.err.strip()
        .splitlines()[-1]
        .startswith("nightrank: the ranking of 2025-03-21 is not published; yesterday stays: user key ")
    )
    assert said.err.strip().endswith("a score is not a number; the model's weights are damaged, train again")
    assert rebuilt.code == 1
    assert (
        "rankings of 2025-03-20: the ranking of 2025-03-20 is not published; yesterday stays: user key" in rebuilt.err
    )
    assert asked(own_store, "select status from nights where ds = '2025-03-20'") == [("OK",)]
    assert digest(own_store) == before
    status = nightrank("status", "--store", own_store)
    assert (status.code, "2025-03-21  FAILED_KEPT_YESTERDAY: score_is_a_probability" in status.out) == (4, True)
    assert nightrank(*NIGHT, own_store).code == 0
    assert nightrank("status", "--store", own_store).code == 0


def test_a_change_that_is_meant_is_published_when_the_limit_is_lifted(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, lambda ranked: 0.999 - ranked.rank / 1e6)
    monkeypatch.setenv("NIGHTRANK_PUBLISH__MAX_PSI", "0")

    said = nightrank(*NIGHT, own_store)

    assert (said.code, said.out[:14]) == (0, "2025-03-21  OK")
    assert asked(own_store, "select psi > 1, psi_limit from drift where ds = '2025-03-21'") == [(True, None)]


def test_another_model_may_score_otherwise_with_a_warning(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nightrank("train", "--plain", "--ds", "2025-03-21", "--store", own_store).code == 0
    with duckdb.connect(str(own_store / "warehouse.duckdb")) as con:
        con.execute("update ops.models set champion = true where ds = '2025-03-21' and pooling = 'din'")
    plant(monkeypatch, lambda ranked: 0.999 - ranked.rank / 1e6)

    said = nightrank(*NIGHT, own_store)

    assert (said.code, said.out[:28]) == (0, "2025-03-21  OK_WITH_WARNINGS")
    assert "check_broken check=scores_changed_with_the_model severity=warn rows=1" in said.err


def test_nights_of_one_model_are_near_each_other(own_store: Path) -> None:
    found = asked(own_store, "select ds, ds_before, k, users, overlap > 0.5, psi < psi_limit from drift order by ds")

    assert found == [(date(2025, 3, day), date(2025, 3, day - 1), 5, 12, True, True) for day in (19, 20)]


def test_goods_and_shops_newer_than_the_model_are_counted(own_store: Path, nightrank: NightRank) -> None:
    rows = [(user, 300 + user, 9, "buy", f"2025-03-21 1{user % 9}:00:00") for user in range(1, 13)]
    add_events(own_store, rows)

    said = nightrank(*NIGHT, own_store)

    [row] = asked(
        own_store, "select unknown_goods, unknown_shops, unknown_rows, candidates from nights where ds = '2025-03-21'"
    )
    newer = asked(own_store, "select count(*) from latest_rankings where goods_id > 300")
    assert (row[:2], [row[2:3]]) == ((12, 1), newer)
    assert f"candidates={row[3]} unknown_goods=12 unknown_shops=1 unknown_rows={row[2]} " in said.err
    assert asked(own_store, "select distinct unknown_goods, unknown_rows from nights where ds < '2025-03-21'") == [
        (0, 0)
    ]
    assert ("check=model_knows_what_it_ranks" in said.err) == (row[2] > 12)


def add_events(root: Path, rows: list[tuple]) -> None:
    """Reads more events of 2025-03-21 into the store, as a source of their own."""
    write_events(root.parent / "more.parquet", rows)
    (root.parent / "more.sql").write_text(QUERY)
    source = features.find_source(str(root.parent / "more.sql"), "events", str(root.parent / "more.parquet"))
    with features.open_warehouse(open_store(root, load_settings(root)), "a test", utc_now) as warehouse:
        days = (date(2025, 3, 21), date(2025, 3, 21))
        features.ingest_events(warehouse, source, *days, features.IngestConfig())


def test_more_goods_asked_for_than_there_are_candidates_ranks_them_all(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTRANK_RANKING__TOP_K", "1000")

    assert nightrank(*NIGHT, own_store).code == 0

    assert asked(own_store, "select candidates = rows from nights where ds = '2025-03-21'") == [(True,)]


def test_one_goods_a_shop_is_ranked_and_explained_where_that_is_asked_for(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTRANK_RANKING__MAX_PER_SHOP", "1")

    said = nightrank(*NIGHT, own_store)

    assert said.code == 0, said.err
    assert asked(
        own_store, "select max(times) from (select count(*) as times from latest_rankings group by user_id, shop_id)"
    ) == [(1,)]
    explained = "select count(distinct (user_id, goods_id)) from why where ds = '2025-03-21'"
    assert asked(own_store, explained) == asked(own_store, "select count(*) from latest_rankings")


def test_what_scores_too_low_is_not_ranked_and_where_that_is_all_yesterday_stays(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(own_store)
    [(middle,)] = asked(own_store, "select median(score) from latest_rankings")
    monkeypatch.setenv("NIGHTRANK_RANKING__MIN_SCORE", "1")

    nothing = nightrank(*NIGHT, own_store)

    assert nothing.code == 4
    assert "sql/checks/night_is_not_empty.sql: 1 row(s), such as (2025-03-21, 0, 0)" in nothing.err
    assert "or ranking.min_score lets none in" in nothing.err
    assert digest(own_store) == before
    monkeypatch.setenv("NIGHTRANK_RANKING__MIN_SCORE", str(middle))
    monkeypatch.setenv("NIGHTRANK_PUBLISH__MAX_PSI", "0")
    assert nightrank(*NIGHT, own_store).code == 0
    assert asked(own_store, f"select min(score) >= {middle}, count(*) < 60 from latest_rankings") == [(True, True)]


def test_a_least_score_that_is_no_probability_is_refused(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTRANK_RANKING__MIN_SCORE", "1.5")

    said = nightrank(*NIGHT, own_store)

    assert said.code == 1
    assert "min_score is 1.5; scores are probabilities, from 0 to 1" in said.err
