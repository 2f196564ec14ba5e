"""One word for each thing: no file and no help text uses a word that the project has retired."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from flows.cli.app import app

ROOT = Path(__file__).parent.parent
FOLDERS = ["din", "features", "flows", "sql", "bench", "tests", "docs", "findings"]
FILES = ["README.md", "prefect.yaml", "Makefile", "pyproject.toml"]
ENDINGS = {".py", ".pyi", ".sql", ".md", ".j2", ".css", ".js", ".sh", ".yaml", ".toml", ""}
HISTORY = {
    "docs/experiments.md",  # a dated log: an entry keeps the words of its day
    "flows/sample/LICENSE.md",  # somebody else's text
    "tests/test_words.py",  # names every word
}  # CHANGELOG.md is history too, and in none of the folders

# The pattern, in any case, and what to write instead. A space matches a line break with its comment sign, and `_`.
RETIRED = {
    r"told": "receives, contains, reports, saves, notifies or known, as it is meant",
    r"tells?": "contains, reports or notifies",
    r"hears?": "receives",
    r"heard": "received",
    r"held (against|beside)": "compared with",
    r"holds? (them|it|one|two|this|that|these|those) (against|beside)": "compare with",
    r"anew": "again, or rebuilt",
    r"of before": "older, or earlier",
    r"taught by": "trained on",
    r"what (teach(es)?|validates?)": "the training split, the validation split",
    r"(days|examples|what|those|split) that (teach|validate|measure)": "the training, validation or test split",
    r"what measures": "the test split",
    r"what (it is|they are|he is|she is) made of": "its inputs",
    r"strays?": "orphaned file",
    r"promises?": "check, or invariant",
    r"promised": "checked, or guaranteed",
    r"c[oa]mes? true": "is committed; of a label: happened",
    r"the record": "the warehouse",
    r"(goes|go|went) by": "uses",
    r"(stands|stand|stood) in": "is in",
    r"(lies|lie|lay) in": "is in",
    r"(a|one) goods(?!_| (event|sequence|histor|key|table|group|type|catalogue|file))": "an item",
    r"whoever": "a user, a reader, a process: the one that is meant",
    r"whomever": "a user, a reader, a process: the one that is meant",
    r"of which": "whose, or a sentence of its own",
    r"to be had": "available",
    r"(is|are|was|were) to be": "must, can, or the active verb",
    r"may go back to": "keeps, or can return to",
}
# Not ours to change, or the word in another sense: (where, a pattern that is cut from the text first).
ALLOWED = [
    (r"^sql/schema/|^features/store/", r"told_at"),  # a column of the store
    (r"^features/rankings/|^sql/housekeeping/", r"told_categories"),  # an asset of older stores
    ("", r"the record batch(es)?"),  # Arrow's
    ("", r"\bPromise\.\w+|\bnew Promise\b"),  # JavaScript
    ("", r"0011-a-read-comes-true-in-portions|0018-taught-by-what-was-offered|0019-a-repeat-is-told-by-its-key"),
]
MANY = 40  # more lines than this help nobody


def pattern_of(words: str) -> str:
    """Match the words apart from letters and digits, over `_`, spaces, line breaks and their comment signs."""
    gap = r"(?:_|\\s+(?:(?:--|#|//|\\*)\\s*)?)"
    return rf"(?<![^\W_]){re.sub(' ', gap, words)}(?![^\W_])"


PATTERNS = [(re.compile(pattern_of(words), re.IGNORECASE), instead) for words, instead in RETIRED.items()]


def retired_words(text: str, path: str = "") -> Iterator[tuple[int, str, str]]:
    """Yield the line, the word and its replacement for each retired word of a text."""
    for where, allowed in ALLOWED:
        if re.search(where, path):
            text = re.sub(allowed, lambda found: re.sub(r"\S", "-", found[0]), text, flags=re.IGNORECASE)
    for pattern, instead in PATTERNS:
        for found in pattern.finditer(text):
            yield text.count("\n", 0, found.start()) + 1, " ".join(found[0].split()), instead


# Folders and documents that are still to be rewritten: shorten this list, never lengthen it.
NOT_YET = (
    *("bench/gpu", "bench/model", "bench/peers", "bench/workloads", "din", "flows", "sql"),
    *("features/ingest", "features/ops", "features/publish", "features/store"),
    *("tests/din", "tests/features", "tests/flows", "tests/torture", "tests/conftest.py", "tests/cookbook.sql"),
    *("tests/test_cookbook.py", "tests/test_dataflow.py", "tests/test_demo.py", "tests/test_docs.py"),
    *("tests/test_no_pickle.py", "tests/test_plans.py", "tests/test_sql.py"),
    *(f"docs/{name}.md" for name in ("cookbook", "report", "runbook", "security", "settings", "why")),
)


def files() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    found = [path for path in found if path.suffix in ENDINGS and "__pycache__" not in path.parts and path.is_file()]
    return sorted(
        path
        for path in [*found, *(ROOT / name for name in FILES)]
        if name_of(path) not in HISTORY and not name_of(path).startswith(NOT_YET)
    )


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def report(found: list[str]) -> str:
    """Write every finding to stderr, and return the first."""
    print(*found, sep="\n", file=sys.stderr)
    return "\n".join([f"{len(found)} retired words", *found[:MANY]])


def commands(command: Any, name: str = "nightrank") -> Iterator[tuple[str, Any]]:
    """Yield a command and all below it, each with its full name."""
    yield name, command
    for below, one in getattr(command, "commands", {}).items():
        yield from commands(one, f"{name} {below}")


def help_of(command: Any) -> str:
    """Return what a command and its arguments and options show as help."""
    return "\n".join(text for text in [command.help, *(getattr(one, "help", None) for one in command.params)] if text)


def test_no_file_uses_a_retired_word() -> None:
    found = [
        f"{name_of(path)}:{line}: {word} -> {instead}"
        for path in files()
        for line, word, instead in sorted(retired_words(path.read_text(), name_of(path)))
    ]

    assert not found, report(found)


def test_no_file_is_named_by_a_retired_word() -> None:
    found = [
        f"{name_of(path)}: {word} -> {instead}"
        for path in files()
        for _, word, instead in retired_words(re.sub(r"[-/.]", " ", name_of(path)))
        if path.parent.name != "decisions"  # links from outside lead to a decision by its name
    ]

    assert not found, report(found)


def test_no_help_text_uses_a_retired_word() -> None:
    found = [
        f"{name} --help: {word} -> {instead}"
        for name, command in commands(typer.main.get_command(app))
        for _, word, instead in retired_words(help_of(command))
    ]

    assert not found, report(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("the store is\n-- told of it", [(2, "told")]),
        ("made\nanew", [(2, "anew")]),
        ("as of\n    # before it had one", [(1, "of # before")]),
        ("def told_once(whatHears):", [(1, "told")]),
        ("def find_strays():", [(1, "strays")]),
        ("Whoever reads this", [(1, "Whoever")]),
        ("a goods_id, retold, restraint, renewal, the records, the record batch, an astray", []),
    ],
)
def test_a_retired_word_is_found_where_it_is_a_word(text: str, words: list[tuple[int, str]]) -> None:
    assert [(line, word) for line, word, _ in retired_words(text)] == words
