"""The goods catalogue of a night: read again, not readable, and items that only it has."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from flows.pipelines.training import run_training
from tests.conftest import QUERY, Said, write_events

NightRank = Callable[..., Said]


@pytest.fixture
def stock(own_store: Path, nightrank: NightRank) -> Path:
    """The file of a catalogue that the store has read: item 200 is sold."""
    path = own_store / "stock.csv"
    path.write_text("sku,live\n200,true\n")
    (own_store / "stock.sql").write_text("select sku as goods_id, live as active from read_csv($path)")
    said = nightrank("ingest", own_store / "stock.sql", "--as", "goods", "--path", path, "--store", own_store)
    assert (said.code, said.out) == (0, "stock: 1 rows in, 1 kept, 0 duplicates, 0 quarantined\n")
    return path


def ranked(root: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(root / "published.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def state(nightrank: NightRank, root: Path) -> list[tuple]:
    found = json.loads(nightrank("status", "--json", "--store", root).out)["parts"]["catalogues"]
    return [(one["source"], one["kept"], one["state"]) for one in found]


def test_a_night_reads_its_catalogues_again_and_status_lists_them(
    own_store: Path, stock: Path, nightrank: NightRank
) -> None:
    stock.write_text("sku,live\n200,false\n200,true\n,true\n")

    said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert said.code == 0
    assert "catalogue_rows_conflict source=stock goods=1 example=200" in said.err
    assert "catalogue_rows_without_goods_id source=stock rows=1" in said.err
    assert ranked(own_store, "select count(*) from latest_rankings where goods_id = 200") == [(0,)]
    status = nightrank("status", "--store", own_store)
    [row] = [line.split("│") for line in status.out.splitlines() if line.startswith("│ stock")]
    assert [cell.strip() for cell in row[4:9]] == ["3", "1", "1", "1", "read"]


def test_a_catalogue_that_cannot_be_read_warns_and_leaves_what_was_read(
    own_store: Path, stock: Path, nightrank: NightRank
) -> None:
    stock.unlink()

    said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert (said.code, "OK_WITH_WARNINGS" in said.out) == (0, True)
    assert "catalogue_not_read source=stock" in said.err
    assert ranked(own_store, "select count(*) > 0 from latest_rankings where goods_id = 200") == [(True,)]
    assert state(nightrank, own_store) == [("stock", 1, "failed")]
    assert "nightrank ingest stock --as goods" in nightrank("doctor", "--store", own_store).out

    stock.write_text("sku,live\n200,true\n")
    assert nightrank("ingest", "stock", "--as", "goods", "--store", own_store).code == 0
    assert state(nightrank, own_store) == [("stock", 1, "read")]


def test_an_item_that_only_the_catalogue_has_is_ranked_as_unknown_and_counts_when_it_is_taken(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTRANK_RANKING__TOP_K", "20")
    (own_store / "launches.sql").write_text("select unnest([998, 999]) as goods_id, 77 as shop_id, 'cocoa' as name")
    assert nightrank("ingest", own_store / "launches.sql", "--as", "goods", "--store", own_store).code == 0
    (own_store / "candidates").mkdir()
    (own_store / "candidates" / "launch.sql").write_text(
        "select user_key, goods_key, 1 as strength from night_users cross join night_goods_ids where goods_id > 900"
    )
    (own_store / "later.sql").write_text(QUERY)
    path = write_events(own_store / "later.parquet", [(1, 999, None, "buy", datetime(2025, 3, 22, 9))])
    run_training(own_store, date(2025, 3, 21))
    assert nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store).code == 0

    scores = ranked(
        own_store,
        "select goods_id, shop_id, score from latest_rankings where user_id = 1 and goods_id > 900 order by goods_id",
    )
    counted = ranked(own_store, "select unknown_goods, unknown_shops from nights order by ds desc limit 1")
    nightrank("ingest", own_store / "later.sql", "--path", path, "--store", own_store)
    assert nightrank("nightly", "--plain", "--ds", "2025-03-22", "--store", own_store).code == 0

    assert [row[:2] for row in scores] == [(998, 77), (999, 77)]
    assert scores[0][2] == scores[1][2]
    assert counted == [(2, 1)]
    taken = "select users, hit_rate from outcomes_by_segment where ds = '2025-03-22' and segment = 'launch'"
    assert ranked(own_store, f"{taken} and ranker = 'model' order by k desc limit 1") == [(1, 1.0)]
