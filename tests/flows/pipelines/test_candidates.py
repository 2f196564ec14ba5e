"""Candidate sources, quotas and a block list as a person gives them: settings, files in the store, the commands."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flows.settings import load_settings
from tests.conftest import Said

NightRank = Callable[..., Said]
OWN = """-- One row per (user_key, goods_key).
select user_key, goods_key, 1 as strength
from night_users
cross join night_goods
"""


def test_quotas_come_from_the_file_and_the_environment_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nightrank.toml").write_text(
        "[candidates]\nmax_per_source = 40\n[candidates.quotas]\nco_visited = 20\n"
    )
    monkeypatch.setenv("NIGHTRANK_CANDIDATES__QUOTAS__POPULAR", "50")

    candidates = load_settings(tmp_path).candidates

    names = ("popular", "co_visited", "same_shop", "bought_before", "new_in_shop")
    assert [candidates.quota(name) for name in names] == [50, 20, 40, 160, 10]


def test_a_quota_below_zero_is_an_error_that_names_it(tmp_path: Path, nightrank: NightRank) -> None:
    (tmp_path / "nightrank.toml").write_text("[candidates.quotas]\npopular = -1\n")

    said = nightrank("nightly", "--plain", "--store", tmp_path)

    assert said.code == 1
    assert "candidates: quotas.popular is -1; it must be at least 0, which turns the source off" in said.err


def test_a_dropped_in_source_and_a_block_list_are_planned_logged_and_published(
    own_store: Path, nightrank: NightRank
) -> None:
    (own_store / "candidates").mkdir()
    (own_store / "candidates" / "own.sql").write_text(OWN)
    (own_store / "block.csv").write_text("goods_id,user_id\n200,\n4711,\n")

    planned = nightrank("plan", "2025-03-20", "2025-03-20", "--store", own_store)
    ranked = nightrank("nightly", "--ds", "2025-03-21", "--plain", "--store", own_store)

    [line] = [line for line in planned.out.splitlines() if line.split()[1] == "candidates"]
    assert line.split("  ")[-1] == "settings changed: candidates; SQL changed; block list changed"
    assert "block_list_names_unknown_ids" in ranked.err
    assert "candidates_excluded" in ranked.err
    with duckdb.connect(str(own_store / "published.duckdb"), read_only=True) as con:
        ranking = "from rankings where ds = '2025-03-21'"
        assert con.execute(f"select count(*) {ranking} and goods_id = 200").fetchall() == [(0,)]
        assert con.execute(f"select bool_and(list_contains(sources, 'own')) {ranking}").fetchall() == [(True,)]


def test_a_source_that_does_not_run_stops_the_night_with_its_file_and_line(
    own_store: Path, nightrank: NightRank
) -> None:
    (own_store / "candidates").mkdir()
    (own_store / "candidates" / "own.sql").write_text(OWN.replace("night_goods", "night_good"))

    said = nightrank("nightly", "--ds", "2025-03-21", "--plain", "--store", own_store)

    assert said.code == 1
    assert f"{own_store}/candidates/own.sql, line 4: does not run: Catalog Error" in said.err
    assert "Traceback" not in said.err
