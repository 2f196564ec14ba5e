"""Categories and users from settings to rankings, and out again."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

import din
from flows.pipelines.nightly import run_nights
from flows.pipelines.training import run_training
from tests.conftest import QUICK_SETTINGS, Said, month_of_events, write_events
from tests.flows.pipelines.test_training import about, registered, starts

NightRank = Callable[..., Said]
GOODS = "select unnest(range(100, 108)) as goods_id, 'favourites' as cat_id union all select 200, 'bread'"


@pytest.fixture
def store_of_all(own_store: Path, tmp_path: Path, nightrank: NightRank) -> Path:
    """The walked store, without its champion and with a catalogue of two categories; models are to have categories and
    users."""
    with duckdb.connect(str(own_store / "warehouse.duckdb")) as con:
        con.execute("update ops.models set champion = false")
    settings = QUICK_SETTINGS.replace("[din]", "[din]\ncategory_embedding = true\nuser_embedding = true")
    (own_store / "nightrank.toml").write_text(settings)
    (tmp_path / "goods.sql").write_text(GOODS)
    assert nightrank("ingest", tmp_path / "goods.sql", "--as", "goods", "--store", own_store).code == 0
    return own_store


def test_a_model_learns_categories_and_users_and_ranks_by_them(store_of_all: Path) -> None:
    [base, record] = run_training(store_of_all, date(2025, 3, 20))
    night = run_nights(store_of_all, date(2025, 3, 21))[-1]

    saved = about(store_of_all, record.model_id)
    model = din.load_model(store_of_all / "models", record.model_id)
    assert (saved["category_rows"], saved["user_rows"], saved["categories_until"]) == (3, 13, "2025-03-17")
    assert about(store_of_all, base.model_id)["config"]["category_embedding"]
    assert model.users is not None
    assert model.goods.categories is not None
    assert model.users.weight[1:].abs().sum(dim=1).min() > 0
    goods_200 = registered(store_of_all, "select goods_key from entities.goods where goods_id = 200")[0][0]
    assert registered(store_of_all, "select cat_id, category_key from entities.categories order by all") == [
        ("bread", 1),
        ("favourites", 2),
    ]
    assert model.goods.categories.of_goods_G[goods_200] == 1
    assert (night.model_id, night.users) == (record.model_id, 12)


def test_without_them_a_training_gives_no_keys_and_saves_no_rows(own_store: Path) -> None:
    [_, record] = run_training(own_store, date(2025, 3, 20))

    saved = about(own_store, record.model_id)
    assert {"category_rows", "user_rows", "categories_until"} & set(saved) == set()
    assert registered(own_store, "select count(*) from entities.categories") == [(0,)]


def test_the_night_ranks_a_goods_that_came_after_the_model_by_its_category(
    store_of_all: Path, tmp_path: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    [_, record] = run_training(store_of_all, date(2025, 3, 19))
    rows = [*month_of_events(), *((user, 300, 4, "buy", datetime(2025, 3, 20, 20)) for user in range(1, 13))]
    events = write_events(tmp_path / "more.parquet", rows)
    nightrank("ingest", "purchases", "--path", events, "--first", "2025-03-20", "--store", store_of_all)
    (tmp_path / "goods.sql").write_text(f"{GOODS} union all select 300, 'bread'")
    nightrank("ingest", tmp_path / "goods.sql", "--as", "goods", "--store", store_of_all)
    heard = []
    monkeypatch.setattr(din.DIN, "hear", lambda _, category_of: heard.append(category_of))

    run_nights(store_of_all, date(2025, 3, 21))

    goods_300 = registered(store_of_all, "select goods_key from entities.goods where goods_id = 300")[0][0]
    assert goods_300 >= record.goods_rows
    assert heard[-1][goods_300] == 1


def test_a_warm_start_has_rows_for_new_categories_and_users(
    store_of_all: Path, tmp_path: Path, nightrank: NightRank
) -> None:
    settings = (store_of_all / "nightrank.toml").read_text()
    run_training(store_of_all, date(2025, 3, 18))
    (store_of_all / "nightrank.toml").write_text(settings.replace("[train]", "[train]\nwarm_start = true"))
    rows = [*month_of_events(), *((99, 300, 9, "buy", datetime(2025, 3, day, 20)) for day in range(1, 21))]
    nightrank("ingest", "purchases", "--path", write_events(tmp_path / "more.parquet", rows), "--store", store_of_all)
    (tmp_path / "goods.sql").write_text(f"{GOODS} union all select 300, 'new'")
    nightrank("ingest", tmp_path / "goods.sql", "--as", "goods", "--store", store_of_all)

    said = nightrank("train", "--plain", "--ds", "2025-03-20", "--store", store_of_all)

    assert "starts_warm" in starts(said)[1]
    [(model_id,)] = registered(
        store_of_all, "select model_id from ops.models where pooling = 'din' and ds = '2025-03-20'"
    )
    assert (about(store_of_all, model_id)["category_rows"], about(store_of_all, model_id)["user_rows"]) == (4, 14)


def test_compare_tells_categories_apart_and_gives_no_keys(store_of_all: Path, nightrank: NightRank) -> None:
    said = nightrank("compare", "--ds", "2025-03-20", "--json", "--store", store_of_all)

    assert (said.code, len(json.loads(said.out))) == (0, 3)
    assert registered(store_of_all, "select count(*) from entities.categories") == [(0,)]


def test_forget_takes_the_row_of_the_person_out_of_the_model_which_goes_on_ranking(
    store_of_all: Path, nightrank: NightRank
) -> None:
    [_, record] = run_training(store_of_all, date(2025, 3, 20))
    key = registered(store_of_all, "select user_key from entities.users where user_id = 7")[0][0]

    said = nightrank("forget", 7, "--store", store_of_all)

    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert record.model_id in next(line for line in lines if line.startswith("row taken out  "))
    assert record.model_id in next(line for line in lines if line.startswith("learned from   "))
    users = din.load_model(store_of_all / "models", record.model_id).users
    assert users is not None
    assert users.weight[key].equal(users.weight[0])
    assert run_nights(store_of_all, date(2025, 3, 21))[-1].users == 11


def test_forget_fails_where_a_checkpoint_that_may_hold_the_row_cannot_be_read(
    store_of_all: Path, nightrank: NightRank
) -> None:
    [_, record] = run_training(store_of_all, date(2025, 3, 20))
    (store_of_all / "models" / record.model_id / "weights.safetensors").write_bytes(b"no weights")

    said = nightrank("forget", 7, "--store", store_of_all)

    assert said.code == 1
    assert f"models/{record.model_id}/weights.safetensors: cannot be read" in said.err
