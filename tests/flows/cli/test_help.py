"""Help texts: nothing of what a help says is lost on its way to the screen, however wide it is."""

import platform
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import click
import pytest
import typer

from flows.cli.app import app
from tests.conftest import Said

NightRank = Callable[..., Said]
GROUP: Any = typer.main.get_command(app)
COMMANDS = {"": GROUP, **GROUP.commands}
HOLE = re.compile(r"\s[;,.:!?)](?=\s|$)|[(\[]\s*[)\]]")


def rendered(nightrank: NightRank, monkeypatch: pytest.MonkeyPatch, command: str, columns: int) -> str:
    """The help of a command on a screen so wide, without borders, its words one space apart."""
    monkeypatch.setenv("COLUMNS", str(columns))
    said = nightrank(*[command] if command else [], "--help")
    assert (said.code, said.err) == (0, "")
    return " ".join(re.sub("[─-╿]", " ", said.out).split())


def texts(command: click.Command) -> list[str]:
    """What a command says of itself, of each argument and option, and in short of each of its commands."""
    below = getattr(command, "commands", {}).values()
    found = [command.help, *(getattr(one, "help", None) for one in command.params)]
    first_lines = [(one.help or "").split("\n\n")[0] for one in below]
    return [" ".join(text.split()) for text in [*found, *first_lines] if text]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_text_reaches_the_screen_whole(
    nightrank: NightRank, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    shown = rendered(nightrank, monkeypatch, command, 1000)

    assert [text for text in texts(COMMANDS[command]) if text not in shown] == []


@pytest.mark.parametrize("columns", [80, 100, 140])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_help_has_a_hole_or_a_word_that_is_cut(
    nightrank: NightRank, monkeypatch: pytest.MonkeyPatch, command: str, columns: int
) -> None:
    shown = rendered(nightrank, monkeypatch, command, columns)

    assert [found[0] for found in HOLE.finditer(shown)] == []
    assert "…" not in shown
    assert all(shown.count(opening) == shown.count(closing) for opening, closing in ("()", "[]"))
    words = {word for text in texts(COMMANDS[command]) for word in text.split()}
    assert words - set(shown.split()) == set()


def test_a_swallowed_section_name_would_be_found() -> None:
    assert [found[0] for found in HOLE.finditer("by the settings of ; look first")] == [" ;"]


def test_the_versions_are_two_lines(nightrank: NightRank) -> None:
    said = nightrank("--version")

    assert (said.code, said.err) == (0, "")
    assert re.fullmatch(
        r"nightrank \d+\.\d+\.\d+\n"
        rf"python {re.escape(platform.python_version())}, duckdb \d\S+, polars \d\S+, torch \d\S+, prefect \d\S+\n",
        said.out,
    )


def test_the_versions_are_read_without_an_import_of_the_packages() -> None:
    code = "import sys; from flows.version import *; versions(); print(sorted({*PACKAGES} & {*sys.modules}))"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
