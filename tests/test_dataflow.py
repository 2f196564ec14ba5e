"""One night, walked from events to the published file, and what a person finds there."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from tests.conftest import QUERY, QUICK_SETTINGS, Said, month_of_events, write_events

NIGHT = date(2025, 3, 20)


@pytest.fixture(scope="module")
def published(walked_store: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(walked_store / "published.duckdb"), read_only=True)


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple]:
    return con.execute(query).fetchall()


def test_the_published_file_has_the_relations_and_columns_of_the_contract(published: duckdb.DuckDBPyConnection) -> None:
    contract = {
        "rankings": "ds user_id rank goods_id shop_id score sources model_id run_id",
        "latest_rankings": "ds user_id rank goods_id shop_id score sources model_id run_id",
        "goods_sequences": "ds user_id goods_ids event_types event_ts",
        "shop_sequences": "ds user_id shop_ids event_types event_ts",
        "why": "ds user_id goods_id part history_id event_ts weight share",
        "outcomes": "ds k users hit_rate ndcg recall mrr coverage model_id",
        "outcomes_by_segment": "ds k kind segment ranker users hit_rate ndcg recall mrr",
        "baselines": "ds k ranker users hit_rate ndcg recall mrr model_id",
        "calibration": "ds bin rows mean_score taken model_id",
        "drift": "ds ds_before k users overlap psi psi_limit model_id model_before",
        "models": "model_id ds pooling auc gauc logloss base_gauc rela_impr champion created_at",
        "nights": "ds status users rows model_id published_at seconds checks",
        "summaries": "ds run_id state stage told_at sources events",
        "intervals": "asset ds status fingerprint run_id",
    }
    for relation, columns in contract.items():
        found = [row[0] for row in rows(published, f"describe {relation}")]
        assert found[: len(columns.split())] == columns.split(), relation
    types = dict(row[:2] for row in rows(published, "describe rankings"))
    assert types == {
        "ds": "DATE",
        "user_id": "BIGINT",
        "rank": "INTEGER",
        "goods_id": "BIGINT",
        "shop_id": "BIGINT",
        "score": "DOUBLE",
        "sources": "VARCHAR[]",
        "model_id": "VARCHAR",
        "run_id": "VARCHAR",
    }


def test_every_table_view_column_and_macro_carries_a_comment(published: duckdb.DuckDBPyConnection) -> None:
    without = rows(
        published,
        "select table_name from duckdb_tables() where comment is null"
        " union all select view_name from duckdb_views() where comment is null and not internal"
        " union all select table_name || '.' || column_name from duckdb_columns()"
        " where comment is null and not internal"
        " union all select function_name from duckdb_functions() where comment is null and not internal",
    )

    assert without == []


def test_sequences_are_what_each_user_did_before_the_end_of_the_day(published: duckdb.DuckDBPyConnection) -> None:
    expected = [row for row in month_of_events() if row[0] == 7 and row[4] < datetime(2025, 3, 21)]
    expected.sort(key=lambda row: row[4])

    [(goods, types, times)] = rows(
        published,
        "select goods_ids, event_types, event_ts from goods_sequences where user_id = 7 and ds = '2025-03-20'",
    )
    [(shops,)] = rows(published, "select shop_ids from shop_sequences where user_id = 7")

    assert goods == [row[1] for row in expected]
    assert shops == [row[2] for row in expected]
    assert types == ["buy"] * len(expected)
    assert times == [row[4] for row in expected]


def test_every_user_gets_a_dense_ranking_of_probabilities_each_night(published: duckdb.DuckDBPyConnection) -> None:
    per_night = rows(
        published,
        "select ds, count(distinct user_id), count(*), min(rank), max(rank), bool_and(score between 0 and 1)"
        " from rankings group by ds order by ds",
    )

    assert per_night == [(date(2025, 3, day), 12, 60, 1, 5, True) for day in (18, 19, 20)]


def test_the_favourites_come_first(published: duckdb.DuckDBPyConnection) -> None:
    firsts = rows(
        published,
        "select count(*) from latest_rankings"
        " where rank <= 3 and goods_id in (100 + user_id % 4 * 2, 101 + user_id % 4 * 2)",
    )

    assert firsts[0][0] >= 16  # of 24; chance would put 8 of them there


def test_outcomes_are_the_hits_of_the_night_before(published: duckdb.DuckDBPyConnection) -> None:
    ranked = {}
    for user, goods, rank in rows(published, "select user_id, goods_id, rank from rankings where ds = '2025-03-19'"):
        ranked.setdefault(user, {})[goods] = rank
    bought = {}
    for user, goods, *_, moment in month_of_events():
        if moment.date() == NIGHT:
            bought.setdefault(user, set()).add(goods)
    ranks = {
        user: [ranked[user][goods] for goods in wanted if goods in ranked[user]] for user, wanted in bought.items()
    }

    [(k, users, hit_rate, recall, mrr)] = rows(
        published, "select k, users, hit_rate, recall, mrr from outcomes where ds = '2025-03-20' and k = 5"
    )

    assert (k, users) == (5, len(bought))
    assert hit_rate == pytest.approx(sum(bool(found) for found in ranks.values()) / users)
    assert recall == pytest.approx(sum(len(ranks[user]) / len(bought[user]) for user in bought) / users)
    assert mrr == pytest.approx(sum(1 / min(found) for found in ranks.values() if found) / users)


def test_why_names_history_that_the_user_has(published: duckdb.DuckDBPyConnection) -> None:
    strangers = rows(
        published,
        "select why.* from why join goods_sequences as seen using (ds, user_id)"
        " where part = 'goods' and not list_contains(seen.goods_ids, why.history_id)",
    )
    explained = rows(
        published, "select count(distinct (user_id, goods_id)), count(distinct part) from why where ds = '2025-03-20'"
    )

    assert strangers == []
    assert explained == [(12 * 5, 2)]


def test_the_macros_answer_by_hand(published: duckdb.DuckDBPyConnection) -> None:
    assert len(rows(published, "from ranking_for(7)")) == 5
    assert rows(published, "select ds, rank from ranking_at(7, date '2025-03-18') limit 1") == [(date(2025, 3, 18), 1)]
    [(first,)] = rows(published, "select goods_id from ranking_for(7) where rank = 1")
    assert {row[0] for row in rows(published, f"select part from why_for(7, {first})")} == {"goods", "shop"}
    assert rows(published, "select ds, users from coverage_by_day()") == [
        (date(2025, 3, day), 12) for day in (18, 19, 20)
    ]
    moved = rows(published, "select rank_before, rank_after from movers(date '2025-03-19', date '2025-03-20')")
    assert moved
    assert all(before != after for before, after in moved)


def test_the_ledger_says_what_is_built(published: duckdb.DuckDBPyConnection) -> None:
    built = rows(published, "select asset, status from intervals where ds = '2025-03-20' order by asset")

    assert built == [
        (asset, "done")
        for asset in (
            "candidates",
            "events.purchases",
            "goods_sequences",
            "night_goods",
            "night_pairs",
            "outcomes",
            "rankings",
            "shop_sequences",
        )
    ]


def test_the_model_ranks_better_than_chance_and_the_baseline_stands_beside_it(
    published: duckdb.DuckDBPyConnection,
) -> None:
    models = rows(published, "select pooling, champion, gauc > 0.6, base_gauc is not null from models order by pooling")

    assert models == [("din", True, True, True), ("mean", False, True, True)]


def test_each_night_records_its_checks(published: duckdb.DuckDBPyConnection) -> None:
    nights = rows(
        published,
        "select ds, status, len(checks) > 10, list_sum(list_transform(checks, lambda one: one.broken)) from nights"
        " order by ds",
    )

    assert nights == [(date(2025, 3, day), "OK", True, 0) for day in (18, 19, 20)]


def test_goods_shops_and_users_may_each_have_a_type_of_their_own(
    tmp_path: Path, nightrank: Callable[..., Said]
) -> None:
    rows = [(f"user {user}", goods, f"shop {shop}", *rest) for user, goods, shop, *rest in month_of_events()]
    events = write_events(
        tmp_path / "buys.parquet",
        rows,
        "user_id varchar, goods_id bigint, shop_id varchar, event_type varchar, event_ts timestamp",
    )
    names = write_events(
        tmp_path / "names.parquet",
        [(goods, f"goods {goods}") for goods in {row[1] for row in rows}],
        "goods_id bigint, name varchar",
    )
    (tmp_path / "buys.sql").write_text(QUERY)
    (tmp_path / "names.sql").write_text("select *, null::varchar as shop_id from read_parquet($path)")
    store = tmp_path / "store"
    store.mkdir()
    (store / "nightrank.toml").write_text(QUICK_SETTINGS)
    nightrank("ingest", tmp_path / "buys.sql", "--path", events, "--store", store)
    nightrank("ingest", tmp_path / "names.sql", "--as", "goods", "--path", names, "--store", store)
    nightrank("train", "--plain", "--ds", "2025-03-19", "--store", store)

    night = nightrank("nightly", "--plain", "--ds", "2025-03-20", "--store", store)
    why = nightrank("why", "user 7", "--json", "--store", store)

    again = nightrank("why", "user 7", "106", "--json", "--store", store)

    assert "2025-03-20  OK  12 users, 60 rows" in night.out, night.err
    whole = {part: {row["history_id"] for row in rows} for part, rows in json.loads(again.out)["parts"].items()}
    assert whole == {"goods": {106, 107, 200}, "shop": {"shop 2", "shop 3", "shop 4"}}
    parts = json.loads(why.out)["why"]["parts"]
    shown = {(part, row["history_id"], row["name"]) for part, rows in parts.items() for row in rows}
    assert shown == {
        ("goods", "106", "goods 106"),
        ("goods", "107", "goods 107"),
        ("goods", "200", "goods 200"),
        ("shop", "shop 2", None),
        ("shop", "shop 3", None),
        ("shop", "shop 4", None),
    }
