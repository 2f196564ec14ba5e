"""The demonstration: the whole job on the bundled sample, the same each time."""

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest


def demo(root: Path) -> subprocess.CompletedProcess[str]:
    """Runs it in a process of its own, as a person does, trained on fewer days and for less long than a person gets."""
    shorter = {"NIGHTRANK_WINDOW__TRAIN_DAYS": "15", "NIGHTRANK_TRAIN__EPOCHS": "1"}
    environment = os.environ | shorter | {"COLUMNS": "100"}
    command = [sys.executable, "-m", "flows.cli", "demo", "--store", str(root)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=True)


@pytest.fixture(scope="module")
def two_demos(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, str]]:
    roots = [tmp_path_factory.mktemp("demo") / "store" for _ in range(2)]
    return [(root, demo(root).stdout) for root in roots]


def test_two_runs_publish_identical_rankings(two_demos: list[tuple[Path, str]]) -> None:
    published = []
    for root, _ in two_demos:
        with duckdb.connect(str(root / "published.duckdb"), read_only=True) as con:
            published.append(
                [
                    con.execute(f"from {table} order by all").fetchall()
                    for table in ("rankings", "why", "outcomes", "goods_sequences")
                ]
            )

    assert published[0] == published[1]
    assert len(published[0][0]) == 3 * 64 * 50


def test_the_demo_ends_with_a_ranking_why_the_metrics_and_what_to_try_next(two_demos: list[tuple[Path, str]]) -> None:
    root, out = two_demos[0]

    assert "User 126: the first 10 goods of 2017-12-31" in out
    assert "Why goods" in out
    shown = [line.split()[1] for line in out.splitlines() if line.startswith(("│ mean", "│ din"))]
    assert sorted(shown) == ["din", "mean"]  # by GAUC, and trained this briefly either may be ahead
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


def test_the_transcript_of_the_readme_is_what_the_demo_prints(two_demos: list[tuple[Path, str]]) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    [transcript] = re.findall(r"<!-- transcript -->\n```\n\$ make demo\n…\n(.*?)```", readme, re.DOTALL)

    assert shape(transcript) == shape(two_demos[0][1])


def test_the_demo_again_only_shows_what_is_there(two_demos: list[tuple[Path, str]]) -> None:
    root, out = two_demos[0]
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
