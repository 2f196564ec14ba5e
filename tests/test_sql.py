"""sql/ as files: checks that find what they promise to find, and how each file opens."""

import re
import shutil
from pathlib import Path

import duckdb
import pytest

from features import run_checks, statements

SQL = Path(__file__).parent.parent / "sql"
# For each check, how to break its promise in a published file.
BREAKS = {
    "day_had_events": "update intervals set rows = 0 where asset = 'events.purchases' and ds = '2025-03-20'",
    "few_rows_are_quarantined": "update intervals set quarantined = 9 where asset = 'events.purchases'",
    "goods_history_is_past": "update goods_sequences set event_ts = list_reverse(event_ts) where user_id = 7",
    "goods_is_ranked_once": "update rankings set goods_id = 200 where user_id = 7 and ds = '2025-03-20' and rank > 3",
    "model_is_registered": "delete from models where champion",
    "model_knows_what_it_ranks": "update nights set unknown_rows = 13 where ds = '2025-03-20'",
    "night_is_complete": "delete from rankings where ds = '2025-03-20' and rank = 5",
    "night_is_not_empty": "update nights set rows = 0 where ds = '2025-03-20'",
    "rank_is_dense": "update rankings set rank = 6 where user_id = 7 and rank = 5",
    "rows_in_are_accounted_for": "update intervals set rows_in = 1 + rows_in where starts_with(asset, 'events.')",
    "scores_like_yesterday": "update drift set psi = 1 + psi_limit where ds = '2025-03-20'",
    "scores_changed_with_the_model": "update drift set psi = 1 + psi_limit, model_before = 'mean-2025-03-10-0'",
    "score_falls_with_rank": "update rankings set score = 1 where user_id = 7 and rank = 5",
    "score_is_a_probability": "update rankings set score = 'nan' where user_id = 7 and rank = 5",
    "scores_differ": "update rankings set score = 0.5 where ds = '2025-03-19'",
    "sequence_is_one_a_user": "insert into shop_sequences from shop_sequences where user_id = 7",
    "shop_history_is_past": "update shop_sequences set event_ts = list_append(event_ts, '2025-03-21'::timestamp)",
    "users_have_not_halved": "update nights set users = 5 where ds = '2025-03-20'",
    "source_is_fresh": "delete from intervals where asset = 'events.purchases' and ds >= '2025-03-19'",
    "volume_is_like_that_weekday": "update intervals set rows = 1 where ds = '2025-03-20'",
    "why_explains_a_ranking": "update why set goods_id = 4711 where user_id = 7",
}


@pytest.mark.parametrize("check", statements.names("checks"))
def test_a_check_finds_the_break_of_its_promise(check: str, walked_store: Path, tmp_path: Path) -> None:
    release = tmp_path / "release.duckdb"
    shutil.copyfile(walked_store / "published.duckdb", release)
    with duckdb.connect(str(release)) as con:
        con.execute(BREAKS[check])

    broken = {found.name for found in run_checks(release) if found.broken}

    assert check in broken


def test_every_check_says_in_its_first_line_what_it_stops_or_warns_of() -> None:
    assert {statements.severity(check) for check in statements.names("checks")} == {"stop", "warn"}


def opening(text: str) -> str:
    """What is wrong with how a file of SQL opens, nothing where all is well."""
    first, *_ = text.splitlines()
    body = [line for line in text.splitlines() if line.strip() and not line.startswith("--")]
    if not re.match(r"-- ((stop|warn): )?\w+ \w+.*", first):
        return "the first line does not say what the file is"
    if body and re.match(r"(select|with|from)\b", body[0]) and not re.search(r"one row\b", first, re.IGNORECASE):
        return "the first line of a query does not say what one row is"
    return ""


@pytest.mark.parametrize("path", sorted(SQL.rglob("*.sql")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_sql_file_opens_with_its_grain_or_what_it_does(path: Path) -> None:
    assert opening(path.read_text()) == ""


@pytest.mark.parametrize(
    "text",
    ["select 1\n", "-- \nselect 1\n", "-- TODO\nselect 1\n", "-- The newest night.\nselect 1\n", "--\ndelete from t"],
)
def test_a_sql_file_that_does_not_say_what_it_is_would_be_found(text: str) -> None:
    assert opening(text) != ""
