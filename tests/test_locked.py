"""What is installed: locked with hashes, as pyproject.toml asks, and audited or reported as not audited."""

import re
import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
AUDIT = runpy.run_path(str(ROOT / ".ci" / "audit.py"))
PINS = ["duckdb==1.5.6", "polars==2.1.0"]
WELL = {"name": "duckdb", "version": "1.5.6", "vulns": []}
ILL = {"name": "polars", "version": "2.1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1.1"]}]}
UNKNOWN = {"name": "polars", "skip_reason": "not found"}


def pinned(*names: str) -> dict[str, str]:
    """The version of each package that these files name."""
    pins = [pin for name in names for pin in AUDIT["PIN"].findall((ROOT / name).read_text())]
    return {canonicalize_name(name): version for name, version in (pin.split("==") for pin in pins)}


def test_every_dependency_is_locked_in_the_range_that_the_project_asks_for() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    asked = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"], *extras["dev"]]
    wanted = [Requirement(line) for line in [*asked, *extras["explore"]] if not line.startswith("nightrank[")]
    versions = pinned("requirements.lock", "requirements-torch.txt")

    assert len(wanted) >= 30
    assert [str(one) for one in wanted if not one.specifier.contains(versions[canonicalize_name(one.name)])] == []


def test_every_package_but_torch_is_locked_with_hashes() -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text().partition("\n#    make lock\n")[2])

    assert len(blocks) == len(pinned("requirements.lock")) >= 170
    assert [block for block in blocks if not re.search(r"\\\n    --hash=sha256:[0-9a-f]{64}", block)] == []
    assert list(pinned("requirements-torch.txt")) == ["torch"]
    assert "torch" not in pinned("requirements.lock")


def test_nothing_but_torch_and_this_package_is_installed_without_hashes() -> None:
    installed = re.findall(r"(?:\$\(PIP\)|pip) install (.*)", (ROOT / "Makefile").read_text().partition("\nPEERS")[0])

    assert [line for line in installed if "--require-hashes" not in line] == [
        "--requirement requirements-torch.txt",
        "--no-build-isolation --no-deps --editable .",
    ]


def test_the_readme_lists_the_versions_that_are_tested_and_allowed() -> None:
    rows = re.findall(
        r"^\| (\w+) \| (\d[\w. ]*) \| (?:from )?`?([^`|]+?)`? \|$", (ROOT / "README.md").read_text(), re.M
    )
    asked = {one.name: one for one in map(Requirement, PROJECT["project"]["dependencies"])}
    locked, other = pinned("requirements.lock", "requirements-torch.txt"), pinned("requirements-duckdb2.lock")

    assert [name for name, _, _ in rows] == ["Python", "DuckDB", "Polars", "Prefect", "torch"]
    assert (
        rows[0][2]
        == PROJECT["project"]["requires-python"].removeprefix(">=")
        == PROJECT["tool"]["uv"]["pip"]["python-version"]
    )
    for name, tested, allowed in ((name.lower(), tested, allowed) for name, tested, allowed in rows[1:]):
        assert asked[name].specifier == SpecifierSet(allowed)
        assert tested == " and ".join(versions[name].strip() for versions in (locked, other) if name in versions)


def test_the_other_duckdb_is_of_the_other_major_version_and_allowed() -> None:
    [duckdb] = [one for one in map(Requirement, PROJECT["project"]["dependencies"]) if one.name == "duckdb"]
    locked, other = pinned("requirements.lock")["duckdb"], pinned("requirements-duckdb2.lock")

    assert list(other) == ["duckdb"]
    assert (locked.partition(".")[0], other["duckdb"].partition(".")[0]) == ("1", "2")
    assert duckdb.specifier.contains(other["duckdb"])
    assert "make --jobs 2 test-duckdb2 deployments" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize(
    ("dependencies", "expected"),
    [
        ([WELL, {**ILL, "vulns": []}], (0, ["audited: 2 of 2 packages, 0 vulnerabilities known"])),
        (
            [WELL, ILL],
            (
                1,
                [
                    "VULNERABLE: 2 of 2 packages, 1 vulnerabilities known",
                    "polars 2.1.0: PYSEC-1, mended in 2.1.1",
                ],
            ),
        ),
        (
            [WELL, UNKNOWN],
            (
                3,
                ["NOT AUDITED: 1 of 2 packages, 0 vulnerabilities known; of the others nothing is: not found"],
            ),
        ),
        ([], (3, ["NOT AUDITED: 0 of 2 packages, 0 vulnerabilities known; of the others nothing is: no such host"])),
    ],
)
def test_an_audit_of_some_packages_counts_as_none(
    dependencies: list[dict[str, Any]], expected: tuple[int, list[str]]
) -> None:
    assert AUDIT["verdict"](PINS, {"dependencies": dependencies}, "no such host") == expected


@pytest.mark.parametrize(("options", "code"), [([], 3), (["--where-it-can"], 0)])
def test_an_impossible_audit_says_so_and_fails_if_it_was_requested(
    options: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(AUDIT["main"].__globals__, "asked", lambda _: ({}, "no such host"))
    monkeypatch.setattr("sys.argv", ["audit.py", *options])

    with pytest.raises(SystemExit) as stopped:
        AUDIT["main"]()

    assert stopped.value.code == code
    assert re.fullmatch(r"NOT AUDITED: 0 of \d+ packages, .*: no such host\n", capsys.readouterr().out)
