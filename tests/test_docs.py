"""What the documents say is so."""

import json
import os
import re
import subprocess
import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.retired_settings import is_fixed
from flows.settings import Settings
from tests.conftest import QUICK_SETTINGS, month_of_events

ROOT = Path(__file__).parent.parent
PROJECT_DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

HISTORY = {"CHANGELOG.md", "experiments.md"}  # dated logs: an entry keeps the names of its day


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(), re.DOTALL)


def test_own_events_go_the_way_the_readme_says(tmp_path: Path) -> None:
    rows = [(user, goods, shop, moment) for user, goods, shop, _, moment in month_of_events()]
    con = duckdb.connect()
    con.execute("create table purchases (customer bigint, product bigint, seller bigint, bought_at timestamp)")
    con.executemany("insert into purchases values (?, ?, ?, ?)", rows)
    con.execute(f"copy purchases to '{tmp_path / 'purchases.csv'}'")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "nightrank.toml").write_text(QUICK_SETTINGS)
    [script] = [block for block in blocks(ROOT / "README.md", "sh") if "purchases.sql" in block]
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert f"purchases: {len(rows)} rows in, {len(rows)} kept, 0 duplicates, 0 quarantined, 21 days" in done.stdout
    assert "published  2025-03-21  OK  12 users, 60 rows" in done.stdout


def test_every_command_that_opens_the_published_file_opens_it_read_only() -> None:
    commands = [
        line
        for path in (*PROJECT_DOCS, ROOT / "flows" / "cli" / "demo.py")
        for line in path.read_text().splitlines()
        if re.search(r"\bduckdb\b[^`|]*/published\.duckdb", line)
    ]

    assert len(commands) == 6
    assert [line for line in commands if not re.search(r"\bduckdb -readonly \S+/published\.duckdb", line)] == []


def test_the_macros_of_the_readme_answer(walked_store: Path) -> None:
    [block] = blocks(ROOT / "README.md", "sql")
    questions = block.replace("126", "7").replace("2017-12-30", "2025-03-19").replace("2017-12-31", "2025-03-20")
    with duckdb.connect(str(walked_store / "published.duckdb"), read_only=True) as con:
        for question in duckdb.extract_statements(questions):
            assert con.execute(question).fetchall(), question.query


def test_every_setting_is_documented_with_its_default() -> None:
    documented = {}
    for section, body in re.findall(
        r"## \[(\w+)\]\n(.*?)(?=\n## |\Z)", (ROOT / "docs" / "settings.md").read_text(), re.DOTALL
    ):
        documented[section] = dict(re.findall(r"\| `(\w+)` \| (.+?) \|", body))
    actual = {}
    for section, field in Settings.model_fields.items():
        values = {item.name: getattr(field.default, item.name) for item in fields(field.default)}
        actual[section] = {
            name: f"`{json.dumps(list(value) if isinstance(value, tuple) else value)}`"
            for name, value in values.items()
            if not is_fixed(section, name)
        }
    actual["store"]["threads"] = "all cores"

    assert documented == actual


@pytest.mark.parametrize("path", PROJECT_DOCS, ids=lambda path: path.name)
def test_links_and_files_named_in_the_documents_exist(path: Path) -> None:
    text = path.read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    named = [name for name in re.findall(r"`((?:sql|docs|flows|din|features)/[\w./*-]+)`", text) if "*" not in name]

    missing = [link for link in links if not (path.parent / link).exists()]
    missing += [name for name in named if not (ROOT / name).exists()]

    assert missing == []


def test_sql_files_named_without_a_folder_exist() -> None:
    there = {path.name for path in (ROOT / "sql").rglob("*.sql")}
    documents = [ROOT / "docs" / "dataflow.md", *sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    named = {(path.name, name) for path in documents for name in re.findall(r"`(\w+\.sql)`", path.read_text())}

    assert len(named) > 10
    assert sorted(one for one in named if one[1] not in there) == []


def exported(name: str) -> bool:
    """Whether a dotted name of our packages is a module, or a name that its module or package has."""
    module, names = name, list[str]()
    while module:
        try:
            found: Any = import_module(module)
        except ModuleNotFoundError:
            module, _, last = module.rpartition(".")
            names.insert(0, last)
            continue
        for each in names:
            found = getattr(found, each, None)
        return found is not None
    return False


@pytest.mark.parametrize("path", PROJECT_DOCS, ids=lambda path: path.name)
def test_dotted_names_in_the_documents_exist(path: Path) -> None:
    if path.name in HISTORY:
        pytest.skip("a dated log keeps the names of its day")
    settings = {
        f"{section}.{field.name}" for section, value in Settings.model_fields.items() for field in fields(value.default)
    }
    schema = "".join(each.read_text() for each in (ROOT / "sql" / "schema").glob("*.sql"))
    relations = set(re.findall(r"\b(?:ops|serving|entities)\.\w+", schema))
    text = path.read_text()
    modules = re.findall(r"`((?:din|features|flows)(?:\.[A-Za-z_]\w*)+)`", text)
    named = re.findall(rf"`((?:{'|'.join(Settings.model_fields)})\.[a-z_]+)`", text)
    asked = re.findall(r"`((?:ops|serving|entities)\.\w+)`", text)

    missing = [name for name in modules if name not in settings and not exported(name)]
    missing += [name for name in named if name not in settings and not exported(name)]
    missing += [name for name in asked if name not in relations]

    assert missing == []


def test_every_guarantee_of_security_names_its_tests() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    [table] = re.findall(r"## What is guaranteed\n(.*?)\n## ", text, re.DOTALL)
    rows = [line.rpartition(" | ")[2] for line in table.splitlines() if line.startswith("|")][2:]
    named = [re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row) for row in rows]

    assert len(named) >= 14
    assert [row for row, tests in zip(rows, named, strict=True) if not tests] == []
    gone = [test for tests in named for path, test in tests if f"\ndef {test}(" not in (ROOT / path).read_text()]
    assert gone == []
