"""A night's outcomes beside the baselines, measured anew in plain Python; and what is left out, and why."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from structlog.testing import capture_logs

import features
from flows.pipelines import nightly
from flows.settings import load_settings, open_store
from tests.conftest import Said, month_of_events

NightRank = Callable[..., Said]
DS = date(2025, 3, 20)
BEFORE = DS - timedelta(days=1)
END = datetime(2025, 3, 20)


def asked(root: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def change(root: Path, statement: str) -> None:
    with duckdb.connect(str(root / "warehouse.duckdb")) as con:
        con.execute(statement)


def candidates(root: Path) -> dict[int, list[int]]:
    """The candidates of the night before, by user and goods as the source names them."""
    users = dict(asked(root, "select user_key, user_id from entities.users"))
    goods = dict(asked(root, "select goods_key, goods_id from entities.goods"))
    found: dict[int, list[int]] = {}
    for (path,) in asked(root, f"select path from ops.files where asset = 'candidates' and ds = '{BEFORE}'"):
        rows = pl.read_parquet(root / "lake" / path, hive_partitioning=False).sort("user_key", "goods_key")
        for user, one in rows.select("user_key", "goods_key").iter_rows():
            found.setdefault(users[user], []).append(goods[one])
    return found


def bought(rows: list[tuple], since: datetime, until: datetime) -> dict[int, list[tuple[int, datetime]]]:
    found: dict[int, list[tuple[int, datetime]]] = {}
    for user, goods, _, _, moment in rows:
        if since <= moment < until:
            found.setdefault(user, []).append((goods, moment))
    return found


def measured_by_hand(orders: dict[int, list[int]], k: int) -> tuple:
    """Users, recall and MRR of the first k of some orders, against what people bought on DS."""
    wanted = {
        user: {goods for goods, _ in some} for user, some in bought(month_of_events(), END, END + timedelta(1)).items()
    }
    recalls, reciprocals = [], []
    for user, some in wanted.items():
        hits = [rank for rank, goods in enumerate(orders[user][:k], start=1) if goods in some]
        recalls.append(len(hits) / len(some))
        reciprocals.append(1 / hits[0] if hits else 0)
    return len(wanted), pytest.approx(sum(recalls) / len(wanted)), pytest.approx(sum(reciprocals) / len(wanted))


def test_the_baselines_rank_the_same_candidates_by_what_the_night_before_knew(walked_store: Path) -> None:
    offered, past = candidates(walked_store), bought(month_of_events(), datetime(2025, 1, 1), END)
    key = dict(asked(walked_store, "select goods_id, goods_key from entities.goods"))
    buyers = {goods: sum(goods in {one for one, _ in some} for some in past.values()) for goods in key}

    def again(user: int, goods: int) -> float:
        return sum(0.5 ** ((END - moment).total_seconds() / 86400 / 30) for one, moment in past[user] if one == goods)

    popular = {user: sorted(some, key=lambda goods: (-buyers[goods], key[goods])) for user, some in offered.items()}
    often = {
        user: sorted(some, key=lambda goods, user=user: (-again(user, goods), -buyers[goods], key[goods]))
        for user, some in offered.items()
    }

    measured = "select ranker, users, recall, mrr, model_id from serving.baselines"
    found = {row[0]: row[1:] for row in asked(walked_store, f"{measured} where ds = '{DS}' and k = 5")}

    assert sorted(found) == ["bought_again", "mean", "model", "popular"]
    assert found["popular"] == (*measured_by_hand(popular, 5), None)
    assert found["bought_again"] == (*measured_by_hand(often, 5), None)
    assert found["mean"][3].startswith("mean-2025-03-17")


def test_mean_pooling_beside_the_model_is_what_it_would_have_ranked(own_store: Path, nightrank: NightRank) -> None:
    [mean] = asked(
        own_store,
        f"select users, hit_rate, ndcg, recall, mrr from serving.baselines"
        f" where ds = '{DS}' and k = 5 and ranker = 'mean'",
    )
    change(own_store, "update ops.models set champion = pooling = 'mean'")

    said = nightrank("backfill", BEFORE, DS, "--mode", "all", "--reason", "mean pooling may rank", "--store", own_store)

    assert said.code == 0, said.err
    query = f"select users, hit_rate, ndcg, recall, mrr from serving.baselines where ds = '{DS}' and k = 5"
    assert asked(own_store, f"{query} and ranker = 'model'") == [mean]
    assert asked(own_store, f"{query} and ranker = 'mean'") == [mean]


def test_the_published_baselines_hold_baselines_only(walked_store: Path) -> None:
    with duckdb.connect(str(walked_store / "published.duckdb"), read_only=True) as con:
        found = con.execute("select distinct ds, ranker from baselines order by all").fetchall()

    rankers = ("bought_again", "mean", "popular")
    assert found == [(date(2025, 3, day), ranker) for day in (19, 20) for ranker in rankers]


def test_the_model_stands_in_all_relations_alike(walked_store: Path) -> None:
    metrics = "users, hit_rate, ndcg, recall, mrr"
    outcomes = asked(walked_store, f"select ds, k, {metrics} from serving.outcomes order by ds, k")

    assert len(outcomes) == 2
    assert (
        asked(walked_store, f"select ds, k, {metrics} from serving.baselines where ranker = 'model' order by ds, k")
        == outcomes
    )
    assert (
        asked(
            walked_store,
            f"select ds, k, {metrics} from serving.outcomes_by_segment"
            " where ranker = 'model' and segment = 'old' order by ds",
        )
        == outcomes
    )
    assert asked(
        walked_store,
        "select ds, kind, sum(users) from serving.outcomes_by_segment"
        " where ranker = 'mean' and kind = 'history' group by all order by ds",
    ) == [(ds, "history", users) for ds, _, users, *_ in outcomes]


def test_the_bins_of_the_calibration_hold_every_row_ranked(walked_store: Path) -> None:
    [(rows, score, taken)] = asked(
        walked_store,
        "select sum(rows), sum(rows * mean_score) / sum(rows), sum(rows * taken) from serving.calibration"
        f" where ds = '{DS}'",
    )
    [(ranked, mean)] = asked(walked_store, f"select count(*), avg(score) from serving.rankings where ds = '{BEFORE}'")
    wanted = {(row[0], row[1]) for row in month_of_events() if row[4].date() == DS}
    shown = set(
        asked(
            walked_store,
            "select user_id, goods_id from serving.rankings join entities.users using (user_key)"
            f" join entities.goods using (goods_key) where ds = '{BEFORE}'",
        )
    )

    assert (rows, round(taken)) == (ranked, len(wanted & shown))
    assert score == pytest.approx(mean, abs=1e-8)


def measure_again(root: Path, statement: str = "from ops.models") -> list[Any]:
    """Changes the record and measures the outcomes of DS anew. Gives what the log says was left out."""
    change(root, statement)
    change(root, f"delete from ops.intervals where asset = 'outcomes' and ds = '{DS}'")
    settings = load_settings(root)
    with (
        capture_logs() as logged,
        features.open_warehouse(open_store(root, settings), "a test", nightly.utc_now) as warehouse,
        warehouse.recorded_run("nightly", DS) as run,
    ):
        nightly.outcomes(run, settings, DS)
    return [line for line in logged if line["event"] == "outcomes_left_out"]


def rankers(root: Path) -> list[str]:
    query = f"select distinct ranker from serving.baselines where ds = '{DS}' order by all"
    return [ranker for (ranker,) in asked(root, query)]


def kinds(root: Path) -> list[str]:
    query = f"select distinct kind from serving.outcomes_by_segment where ds = '{DS}' order by all"
    return [kind for (kind,) in asked(root, query)]


def test_without_a_mean_model_the_others_stand_alone(own_store: Path) -> None:
    [left_out] = measure_again(own_store, "delete from ops.models where pooling = 'mean'")

    assert rankers(own_store) == ["bought_again", "model", "popular"]
    assert (left_out["left_out"], left_out["reason"]) == (
        "mean",
        "no model of mean pooling was trained together with the one that ranked",
    )


def test_a_mean_model_that_cannot_be_read_is_left_out_with_the_reason(own_store: Path) -> None:
    [checkpoint] = own_store.glob("models/mean-*/weights.safetensors")
    checkpoint.unlink()

    [left_out] = measure_again(own_store)

    assert rankers(own_store) == ["bought_again", "model", "popular"]
    assert left_out["left_out"] == "mean"
    assert str(checkpoint) in left_out["reason"]


def test_where_the_candidates_are_gone_the_model_stands_alone_and_the_segments_stay(own_store: Path) -> None:
    files = f"select path from ops.files where asset = 'candidates' and ds = '{BEFORE}' and bucket = 1"
    [(path,)] = asked(own_store, files)
    (own_store / "lake" / path).unlink()

    left_out = measure_again(own_store)

    assert rankers(own_store) == ["model"]
    assert kinds(own_store) == ["history", "source", "user"]
    assert {one["left_out"] for one in left_out} == {"popular", "bought_again", "mean"}
    build_it = f"nightrank backfill {BEFORE} {BEFORE} --mode failed --store {own_store}"
    removed = own_store / "lake" / path
    assert all(
        one["reason"].endswith(f"{path}: is missing; rebuild it with: rm -f {removed} && {build_it}")
        for one in left_out
    )


def test_a_night_that_sees_no_event_of_a_listed_type_ends_with_a_warning(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTRANK_CANDIDATES__PURCHASE_EVENT_TYPES", '["ordre"]')
    monkeypatch.setenv("NIGHTRANK_EXAMPLES__POSITIVE_EVENT_TYPES", '["BUY"]')

    said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)
    found = nightrank("sql", "from nights where ds = '2025-03-21'", "--json", "--store", own_store)
    status = nightrank("status", "--store", own_store)

    [night] = json.loads(found.out)
    broken = [(check["name"], check["broken"]) for check in night["checks"] if check["broken"]]
    assert (said.code, night["status"], night["unmatched_types"]) == (
        0,
        "OK_WITH_WARNINGS",
        ["candidates.purchase_event_types"],
    )
    assert broken == [("event_types_are_seen", 1)]
    assert "event_types_not_seen" in said.err
    assert "setting=candidates.purchase_event_types" in said.err
    assert "do: event_types_are_seen: compare the setting" in " ".join(status.out.split())


def test_a_night_whose_outcomes_lack_a_baseline_ends_with_a_warning(own_store: Path, nightrank: NightRank) -> None:
    [(path,)] = asked(
        own_store, f"select path from ops.files where asset = 'candidates' and ds = '{DS}' and bucket = 1"
    )
    (own_store / "lake" / path).write_bytes(b"damaged")

    said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)
    found = nightrank("sql", "from nights where ds = '2025-03-21'", "--json", "--store", own_store)

    [night] = json.loads(found.out)
    broken = [(check["name"], check["broken"]) for check in night["checks"] if check["broken"]]
    assert (said.code, night["status"]) == (0, "OK_WITH_WARNINGS")
    assert broken == [("outcomes_have_their_baselines", 3)]
    [(advice,)] = asked(own_store, "select advice from ops.summaries where ds = '2025-03-21'")
    assert advice == [
        "outcomes_have_their_baselines: see what is damaged with nightrank doctor; "
        "the log line outcomes_left_out has the reason"
    ]


def test_baselines_over_other_candidates_than_were_ranked_are_left_out(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rankers(own_store)
    monkeypatch.setenv("NIGHTRANK_CANDIDATES__MAX_PER_USER", "1000")  # all that were ranked are among them still
    assert nightrank("backfill", BEFORE, DS, "--mode", "stale", "--store", own_store).code == 0
    kept = rankers(own_store)

    left_out = measure_again(own_store)

    assert kept == before == ["bought_again", "mean", "model", "popular"]
    assert rankers(own_store) == ["model"]
    assert {one["left_out"]: one["reason"] for one in left_out} == dict.fromkeys(
        ("popular", "bought_again", "mean"), "the candidates of 2025-03-19 were rebuilt since it was ranked"
    )


def test_where_the_goods_of_the_night_before_are_gone_what_was_measured_stays(own_store: Path) -> None:
    query = f"from serving.outcomes where ds = '{DS}' order by k"
    measured = asked(own_store, query)

    left_out = measure_again(own_store, f"delete from ops.files where asset = 'night_goods' and ds = '{BEFORE}'")

    assert [one["reason"] for one in left_out] == [f"the goods of {BEFORE} are not in the store"]
    assert asked(own_store, query) == measured != []


def test_another_mean_model_makes_outcomes_stale_and_why_is_said(own_store: Path, nightrank: NightRank) -> None:
    change(own_store, "update ops.models set model_id = 'mean-2025-03-17-other' where pooling = 'mean'")

    said = nightrank("plan", DS, DS, "--store", own_store)

    assert f"{DS}  outcomes         stale        model of mean pooling changed" in said.out


def test_whoever_bought_without_a_ranking_is_told_apart(own_store: Path) -> None:
    buyers = sorted({row[0] for row in month_of_events() if row[4].date() == DS})
    [(one,)] = asked(own_store, f"select user_key from entities.users where user_id = {buyers[0]}")
    change(own_store, f"delete from serving.rankings where user_key = {one} and ds = '{BEFORE}'")

    measure_again(own_store)

    query = "select k, users, hit_rate from serving.outcomes_by_segment where segment = 'not ranked' and ds ="
    assert asked(own_store, f"{query} '{DS}'") == [(5, 1, None)]
    assert asked(own_store, f"select users from serving.outcomes where ds = '{DS}'") == [(len(buyers) - 1,)]
