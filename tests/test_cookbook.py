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


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_can_be_asked_of_the_whole_walk_too(path: Path, walked_store: Path) -> None:
    with duckdb.connect(str(walked_store / "published.duckdb"), read_only=True) as con:
        con.execute(path.read_text()).fetchall()
