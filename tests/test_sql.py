"""sql/ as files: checks that find what they promise to find, and how each file opens."""

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from features import run_checks
from features.store import sql_builder, sql_files

SQL = Path(__file__).parent.parent / "sql"
# For each check, how to break its promise in a published file.
BREAKS = {
    "catalogue_was_read": "update intervals set asset = 'goods.stock', status = 'failed' where asset = 'histories'",
    "day_had_events": "update intervals set rows = 0 where asset = 'events.purchases' and ds = '2025-03-20'",
    "event_types_are_seen": (
        "update nights set unmatched_types = ['candidates.purchase_event_types'] where ds = '2025-03-20'"
    ),
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
    "outcomes_have_their_baselines": "delete from baselines where ds = '2025-03-20' and ranker = 'popular'",
    "score_is_a_probability": "update rankings set score = 'nan' where user_id = 7 and rank = 5",
    "scores_differ": "update rankings set score = 0.5 where ds = '2025-03-19'",
    "sequence_is_one_a_user": "insert into shop_sequences from shop_sequences where user_id = 7",
    "shop_history_is_past": "update shop_sequences set event_ts = list_append(event_ts, '2025-03-21'::timestamp)",
    "users_have_not_halved": "update nights set users = 5 where ds = '2025-03-20'",
    "source_is_fresh": "delete from intervals where asset = 'events.purchases' and ds >= '2025-03-19'",
    "volume_is_like_that_weekday": "update intervals set rows = 1 where ds = '2025-03-20'",
    "why_explains_a_ranking": "update why set goods_id = 4711 where user_id = 7",
}


@pytest.mark.parametrize("check", sql_files.names("checks"))
def test_a_check_finds_the_break_of_its_promise(check: str, walked_store: Path, tmp_path: Path) -> None:
    release = tmp_path / "release.duckdb"
    shutil.copyfile(walked_store / "published.duckdb", release)
    with duckdb.connect(str(release)) as con:
        con.execute(BREAKS[check])

    broken = {found.name for found in run_checks(release) if found.broken}

    assert check in broken


def test_every_check_says_in_its_first_line_what_it_stops_or_warns_of() -> None:
    assert {sql_files.severity(check) for check in sql_files.names("checks")} == {"stop", "warn"}


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


# At which place of a call a text of SQL stands: of methods, and of functions.
METHODS = {
    "execute": 0,
    "executemany": 0,
    "sql": 0,
    "query": 0,
    "from_query": 0,
    "extract_statements": 0,
    "into": 2,
    "arrow_of": 1,
}
FUNCTIONS = {"run_question": 1, "run_query": 2}
# What hands on a text: a file of sql/, a person's query, or what its callers give, who are looked at here.
HANDS_ON = {
    ("features/candidates/candidate_sources.py", "bind_parameters"),
    ("features/publish/reader.py", "ask"),
    ("features/publish/reader.py", "run_question"),
    ("features/publish/reader.py", "fetch_answer"),
    ("features/publish/reader.py", "require_single_select"),
    ("features/ingest/sources.py", "bind_parameters"),
    ("features/ingest/sources.py", "into"),
    ("features/ingest/sources.py", "run_query"),
    ("features/store/sql_files.py", "arrow"),
    ("features/store/sql_files.py", "arrow_of"),
    ("features/store/sql_files.py", "run"),
}
ASSEMBLES = {"features/store/sql_builder.py", "features/ingest/source_sql.py"}


def texts_of_sql(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """What a function hands to DuckDB as SQL; a name stands for what it was made of there."""
    made = {
        target.id: one.value
        for one in ast.walk(function)
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(function):
        if not isinstance(call, ast.Call):
            continue
        place = METHODS.get(call.func.attr, 99) if isinstance(call.func, ast.Attribute) else 99
        place = FUNCTIONS.get(call.func.id, 99) if isinstance(call.func, ast.Name) else place
        if place < len(call.args):
            text = call.args[place]
            yield made.get(text.id, text) if isinstance(text, ast.Name) else text


def put_together(path: str, code: str) -> list[str]:
    """The texts of SQL that a module makes itself, instead of writing them out, reading them from sql/, or having them
    assembled."""
    return [
        f"{path}: {ast.unparse(text)}"
        for function in ast.walk(ast.parse(code))
        if isinstance(function, ast.FunctionDef) and (path, function.name) not in HANDS_ON
        for text in texts_of_sql(function)
        if not isinstance(text, ast.Constant)
        and not (
            isinstance(text, ast.Call)
            and re.match(r"sql_builder\.|source_sql\.|sql_files\.read$", ast.unparse(text.func))
        )
    ]


def test_two_files_assemble_sql_text() -> None:
    paths = [path for folder in ("features", "flows", "din") for path in sorted((SQL.parent / folder).rglob("*.py"))]
    modules = {str(path.relative_to(SQL.parent)): path.read_text() for path in paths}

    found = {path: put_together(path, code) for path, code in modules.items()}

    assert len(modules) >= 90
    assert [text for path, texts in found.items() for text in texts if path not in ASSEMBLES] == []
    assert {path for path, name in HANDS_ON if f"def {name}(" not in modules[path]} == set()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("con.execute(f'from {table}')", "f'from {table}'"),
        ("query = 'from ' + table; con.execute(query)", "'from ' + table"),
        ("con.sql('from {}'.format(table))", "'from {}'.format(table)"),
        ("con.execute('from %s' % table)", "'from %s' % table"),
        ("reading.into(con, 'rows', f'from {table}')", "f'from {table}'"),
        ("con.execute(query)", "query"),
    ],
)
def test_sql_text_that_is_put_together_elsewhere_would_be_found(line: str, text: str) -> None:
    assert put_together("features/other.py", f"def read(con, table, query):\n    {line}\n") == [
        f"features/other.py: {text}"
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: sql_builder.delete_day("serving.rankings; drop table serving.why"),
        lambda: sql_builder.has_values("entities.users", "user_id or true"),
        lambda: sql_builder.give_type("entities.users", "user_id", "bigint; drop table entities.users"),
        lambda: sql_builder.attach(Path("a"), "a as b"),
        lambda: sql_builder.empty_view("events", "user_id integer); drop table events; --"),
        lambda: sql_builder.count_user_rows("main", "rankings", "rank"),
    ],
)
def test_a_name_that_is_not_one_of_ours_is_in_no_text(wrong: Callable[[], str]) -> None:
    with pytest.raises(ValueError, match=r"is not a valid|not columns with their types"):
        wrong()


def test_a_name_from_a_catalogue_and_a_path_stay_what_they_are() -> None:
    con = duckdb.connect()
    con.execute(
        'create table "a""; drop table b; --" (user_id integer); insert into "a""; drop table b; --" values (7)'
    )

    count = sql_builder.count_user_rows("main", 'a"; drop table b; --', "user_id")

    assert con.execute(count, {"wanted": "7"}).fetchall() == [(1,)]
    assert sql_builder.attach(Path("it's"), "old", read_only=True) == "attach 'it''s' as old (read_only)"
