"""The demonstration: the whole job on the bundled sample, the same each time."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest


def nightrank(*words: object) -> subprocess.CompletedProcess[str]:
    """Runs it in a process of its own, as a person does, trained on fewer days and for less long than a person gets."""
    shorter = {"NIGHTRANK_WINDOW__TRAIN_DAYS": "15", "NIGHTRANK_TRAIN__EPOCHS": "1"}
    environment = os.environ | shorter | {"COLUMNS": "100"}
    command = [sys.executable, "-m", "flows.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=True)


def demo(root: Path) -> subprocess.CompletedProcess[str]:
    return nightrank("demo", "--store", root)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The store of the demonstration, and what it printed."""
    root = tmp_path_factory.mktemp("demo") / "store"
    return root, demo(root).stdout


def asked(root: Path, file: str, query: str) -> list[tuple]:
    with duckdb.connect(str(root / file), read_only=True) as con:
        return con.execute(query).fetchall()


def test_trained_and_ranked_again_it_has_the_same_model_and_the_same_rankings(
    first: tuple[Path, str], tmp_path: Path
) -> None:
    again = Path(shutil.copytree(first[0], tmp_path / "again", symlinks=True))
    last = "2017-12-31"
    published = [
        f"select {columns} from {table} where ds = '{last}' order by all"
        for table, columns in (("rankings", "* exclude (run_id)"), ("why", "*"), ("goods_sequences", "*"))
    ]
    with duckdb.connect(str(again / "warehouse.duckdb")) as con:
        con.execute(f"update ops.intervals set parts = null, fingerprint = 'of before' where ds = '{last}'")

    trained = nightrank("train", "--plain", "--store", again, "--ds", "2017-12-28").stderr
    built = nightrank("backfill", "--store", again, last, last, "--mode", "stale", "--reason", "to see it twice").stdout

    models = [model_id for (model_id,) in asked(first[0], "warehouse.duckdb", "select model_id from ops.models")]
    assert [model_id.split("-")[0] for model_id in models if model_id in trained] == ["mean", "din"]
    assert {line.split()[1] for line in built.splitlines()} >= {"goods_sequences", "candidates", "rankings"}
    for query in published:
        assert asked(again, "published.duckdb", query) == asked(first[0], "published.duckdb", query)
    assert asked(first[0], "published.duckdb", "select count(*) from rankings") == [(3 * 64 * 50,)]


def test_the_demo_ends_with_a_ranking_why_the_metrics_and_what_to_try_next(first: tuple[Path, str]) -> None:
    root, out = first

    assert "User 126: the first 10 goods of 2017-12-31" in out
    assert "Why goods" in out
    assert [line.split()[1] for line in out.splitlines() if line.startswith(("│ mean", "│ din"))] == [
        "mean",
        "din",
    ]
    assert f"nightrank why 126 --store {root}" in out


OF_WHY = ("shop ", "by ", "the strongest few", "and others")  # what is said of one goods


def shape(text: str) -> list[str]:
    """The titles and headers of a transcript, and what it says to try: all but the numbers, which depend on how long
    the model was trained and on the processor, and the places of programs."""
    kept = [line for line in text.splitlines() if line[:1].isalpha() or line.startswith(("┃", "  "))]
    kept = [line for line in kept if not line.startswith(OF_WHY)]
    return [
        re.sub(r"\S*(?=\b(?:nightrank|duckdb) )|Why goods.*|--store \S+|\S+(?=/published|/reports/)|[\s┃]", "", line)
        for line in kept
    ]


def test_the_transcript_of_the_readme_is_what_the_demo_prints(first: tuple[Path, str]) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    [transcript] = re.findall(r"<!-- transcript -->\n```\n\$ make demo\n…\n(.*?)```", readme, re.DOTALL)

    assert shape(transcript) == shape(first[1])


def test_the_demo_again_only_shows_what_is_there(first: tuple[Path, str]) -> None:
    root, out = first
    before = (root / "published.duckdb").resolve()

    again = demo(root)

    assert again.stdout == out
    assert (root / "published.duckdb").resolve() == before
    assert "model_trained" not in again.stderr


def test_the_bundled_sample_is_small_and_carries_its_licence() -> None:
    sample = Path(__file__).parent.parent / "flows" / "sample"

    assert sum(path.stat().st_size for path in sample.iterdir()) < 1_000_000
    assert "MIT" in (sample / "LICENSE.md").read_text()
    assert "simulated grocery shopping" in (sample / "README.md").read_text()
