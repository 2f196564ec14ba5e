"""The questions of sql/inspect in the duckdb shell, on a small store made by hand; docs/cookbook.md has the answers."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parent.parent
QUESTIONS = sorted((ROOT / "sql" / "inspect").glob("*.sql"))
SHELL = shutil.which("duckdb", path=str(Path(sys.executable).parent))
SECTION = re.compile(r"### (.+)\n\n(.*)`sql/inspect/(\w+)\.sql`\n\n((?:\|.*\n)+)")


@pytest.fixture(scope="module")
def small_release(walked_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with the relations of a real one, and the rows of tests/cookbook.sql alone."""
    release = tmp_path_factory.mktemp("cookbook") / "published.duckdb"
    shutil.copyfile(walked_store / "published.duckdb", release)
    with duckdb.connect(str(release)) as con:
        for (table,) in con.execute("select table_name from duckdb_tables() where schema_name = 'main'").fetchall():
            con.execute(f"delete from {table}")
        con.execute((ROOT / "tests" / "cookbook.sql").read_text())
    return release


def cookbook() -> dict[str, tuple[str, str]]:
    """Of each question by its file: its words, and its answer."""
    found = SECTION.findall((ROOT / "docs" / "cookbook.md").read_text())
    return {name: (" ".join(f"{question} {rest}".split()), answer) for question, rest, name, answer in found}


@pytest.mark.skipif(SHELL is None, reason="the duckdb shell is not installed beside this Python")
@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_has_the_answer_of_the_cookbook(path: Path, small_release: Path) -> None:
    with path.open() as question:
        done = subprocess.run(
            [str(SHELL), "-readonly", "-markdown", str(small_release)],
            stdin=question,
            capture_output=True,
            text=True,
            check=False,
        )

    assert (done.stderr, done.stdout) == ("", cookbook()[path.stem][1])


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_the_cookbook_asks_what_the_file_asks(path: Path) -> None:
    opening = [line.removeprefix("-- ") for line in path.read_text().splitlines() if line.startswith("-- ")]

    assert " ".join(opening) == cookbook()[path.stem][0]


def test_the_baselines_of_an_older_release_give_the_same_answer(small_release: Path, tmp_path: Path) -> None:
    question = (ROOT / "sql" / "inspect" / "model_beside_baselines.sql").read_text()
    older = Path(shutil.copyfile(small_release, tmp_path / "older.duckdb"))
    with duckdb.connect(str(older)) as con:
        answer = con.execute(question).fetchall()
        con.execute("insert into baselines by name select 'model' as ranker, * exclude (coverage) from outcomes")

        assert con.execute(question).fetchall() == answer


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_can_be_asked_of_the_whole_walk_too(path: Path, walked_store: Path) -> None:
    with duckdb.connect(str(walked_store / "published.duckdb"), read_only=True) as con:
        con.execute(path.read_text()).fetchall()


@pytest.fixture(scope="module")
def two_stores(walked_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `prod` and `staging`: releases that were built apart, with unlike goods."""
    folder = tmp_path_factory.mktemp("stores")
    for name in ("prod", "staging"):
        (folder / name).mkdir()
        shutil.copyfile(walked_store / "published.duckdb", folder / name / "published.duckdb")
    views = (ROOT / "sql" / "published" / "views.sql").read_text()
    with duckdb.connect(str(folder / "staging" / "published.duckdb")) as con:
        con.execute("update rankings set goods_id = goods_id + 1000")
        for view in ("latest_rankings", "ranked_nights"):
            con.execute(f"drop view {view}")
        con.execute("drop table use_this_database_first")
        con.execute(views.replace("create macro", "create or replace macro"))
    return folder


QUERIES = [
    "ranking_for(7)",
    "ranking_for(4711)",
    "ranking_at(7, date '2025-03-19')",
    "why_for(7, 101)",
    "movers(date '2025-03-19', date '2025-03-20')",
    "coverage_by_day()",
]


def goods(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple]:
    return con.execute(f"select goods_id from {query} order by rank").fetchall()


@pytest.mark.parametrize("query", QUERIES)
def test_a_macro_stops_where_another_release_is_in_use(query: str, two_stores: Path) -> None:
    with duckdb.connect(str(two_stores / "prod" / "published.duckdb"), read_only=True) as con:
        con.execute(f"attach '{two_stores}/staging/published.duckdb' as staging (read_only)")

        with pytest.raises(duckdb.InvalidInputException, match="such as: use nr"):
            con.execute(f"from staging.{query}").fetchall()

        con.execute("use staging")
        con.execute(f"from {query}").fetchall()
        con.execute(f"from staging.{query}").fetchall()


@pytest.mark.parametrize("query", QUERIES)
def test_a_macro_says_what_to_do_where_no_release_is_in_use(query: str, two_stores: Path) -> None:
    with duckdb.connect() as con:
        con.execute(f"attach '{two_stores}/prod/published.duckdb' as nr (read_only)")

        with pytest.raises(duckdb.CatalogException, match=r'Did you mean "nr\.use_this_database_first"'):
            con.execute(f"from nr.{query}").fetchall()

        con.execute("use nr")
        con.execute(f"from {query}").fetchall()


def test_two_stores_are_asked_as_the_cookbook_does(two_stores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(two_stores)
    text = (ROOT / "docs" / "cookbook.md").read_text().replace("126", "7")
    first, second = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    with duckdb.connect() as con:
        answers = [con.execute(one).fetchall() for one in duckdb.extract_statements(first)]
        compared = con.execute(second).fetchall()
        shown = {name: goods(con, f"{name}.latest_rankings where user_id = 7") for name in ("prod", "staging")}

    assert [row[3] for row in answers[3]] == [goods_id for (goods_id,) in shown["prod"]]
    assert [row[3] for row in answers[5]] == [goods_id for (goods_id,) in shown["staging"]]
    assert shown["staging"] == [(goods_id + 1000,) for (goods_id,) in shown["prod"]]
    assert {row[1:] for row in compared} == {(rank, None) for rank in range(1, 6)} | {
        (None, rank) for rank in range(1, 6)
    }
