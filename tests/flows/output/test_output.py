"""Tables, records and CSV: what a person or a program reads on stdout."""

from datetime import date

import pytest
from rich.console import Console

from features import Answer
from flows.output import tables

GUEST = "guest of the north entrance"
RANKED = Answer(
    ["user_id", "name", "score"],
    [(GUEST, "DAIRY CASE 100% PURE JUICE", 0.90876), ("7", None, 1.0)],
)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "stdout", Console(width=56))


@pytest.mark.usefixtures("narrow")
def test_lines_of_a_table_break_between_words_and_never_in_an_id(capsys: pytest.CaptureFixture[str]) -> None:
    tables.table(RANKED)

    assert capsys.readouterr().out == (
        "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┳━━━━━━━━┓\n"
        "┃ user_id                     ┃ name          ┃  score ┃\n"
        "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━╇━━━━━━━━┩\n"
        "│ guest of the north entrance │ DAIRY CASE    │ 0.9088 │\n"
        "│                             │ 100% PURE     │        │\n"
        "│                             │ JUICE         │        │\n"
        "│ 7                           │ —             │ 1.0000 │\n"
        "└─────────────────────────────┴───────────────┴────────┘\n"
    )


def test_a_pipe_gets_a_wider_table_where_words_and_ids_have_no_room(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tables, "stdout", Console(width=20))

    tables.table(Answer(["run_id", "ds"], [("nightly-2025-03-21-1", date(2025, 3, 21))]))

    assert capsys.readouterr().out.splitlines()[3] == "│ nightly-2025-03-21-1 │ 2025-03-21 │"


def test_a_terminal_without_room_gets_one_record_after_the_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tables, "stdout", Console(width=30, force_terminal=True, color_system=None))

    tables.table(RANKED, "Ranked")

    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "Ranked",
        "row 1 of 2",
        f"user_id  {GUEST}",
        "name     DAIRY CASE 100% PURE JUICE",
        "score    0.9088",
        "row 2 of 2",
        "user_id  7",
        "name     —",
        "score    1.0000",
    ]


def test_csv_has_exact_numbers_nothing_for_null_and_json_for_lists(capsys: pytest.CaptureFixture[str]) -> None:
    row = ("007", 'a "b", c', 0.1 + 0.2, None, True, date(2025, 3, 21), ["one", "two"], {"x": float("nan")})

    tables.print_csv(["user_id", "name", "score", "shop", "hit", "ds", "sources", "parts"], [row])

    assert capsys.readouterr().out == (
        "user_id,name,score,shop,hit,ds,sources,parts\n"
        '007,"a ""b"", c",0.30000000000000004,,true,2025-03-21,"[""one"", ""two""]","{""x"": null}"\n'
    )


def test_a_table_shows_its_first_thousand_rows_and_counts_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    tables.table(Answer(["n"], [(n,) for n in range(1500)]))

    assert capsys.readouterr().out.splitlines()[-3:] == [
        "│ 999 │",
        "└─────┘",
        "1000 of 1500 rows; all of them: --csv or --json",
    ]
