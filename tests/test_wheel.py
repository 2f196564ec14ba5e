"""The wheel: four packages, with every file that they read."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ["din", "features", "flows", "sql"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of the wheel, without its metadata."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    [wheel] = folder.glob("nightrank-*.whl")
    return {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}


def test_the_wheel_installs_four_packages_and_nothing_else(installed: set[str]) -> None:
    assert sorted({name.partition("/")[0] for name in installed}) == PACKAGES


def test_the_wheel_holds_every_file_of_its_packages(installed: set[str]) -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not {"__pycache__", ".ruff_cache"} & {*path.parts} and not path.name.startswith(".")
    }

    assert installed == files
    assert {"features/__init__.pyi", "flows/sample/events.parquet", "flows/report/page/page.html.j2"} < installed
    assert {Path(name).suffix for name in installed} >= {".py", ".pyi", ".sql", ".j2", ".css", ".parquet"}
