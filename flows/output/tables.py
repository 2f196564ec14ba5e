"""Rows -> tables that never break a word or an id, records where a table has no room, CSV and JSON."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from json import dumps
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.runtime.console import stdout
from flows.runtime.json_values import json_value

if TYPE_CHECKING:
    from features import Answer

MAX_ROWS = 1_000  # a person reads no more, and drawing 250,000 took minutes
FRAME = 3  # the characters of a column's border and padding


@dataclass(frozen=True)
class Column:
    """A column of a table: `is_number` puts it to the right, `is_whole` breaks none of its lines."""

    name: str
    is_number: bool = False
    is_whole: bool = False


def table(answer: Answer, title: str | None = None) -> None:
    """Print rows as a table: numbers to the right, ids whole."""
    columns = [
        Column(name, are_numbers([row[place] for row in answer.rows]), name.endswith("_id"))
        for place, name in enumerate(answer.columns)
    ]
    draw(columns, [[text(value) for value in row] for row in answer.rows[:MAX_ROWS]], title)
    if len(answer.rows) > MAX_ROWS:
        stdout.print(
            f"{MAX_ROWS} of {len(answer.rows)} rows; all of them: --csv or --json", highlight=False, markup=False
        )


def are_numbers(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, int | float) or value is None for value in values)


def draw(columns: list[Column], rows: list[list[Text]], title: str | None = None) -> None:
    """Print cells as a table whose lines break between words.

    Where words have no room, a terminal gets one record after the other, and a pipe or a file gets a wider table.
    """
    if title:
        stdout.print(Text(title, style="bold"), soft_wrap=True)
    cells = [[Text(column.name), *(row[place] for row in rows)] for place, column in enumerate(columns)]
    least = [max(narrowest(cell, one.is_whole) for cell in down) for one, down in zip(columns, cells, strict=True)]
    frame = FRAME * len(least) + 1
    if sum(least) + frame <= stdout.width:
        console = stdout
    elif stdout.is_terminal:
        return records([column.name for column in columns], rows)
    else:
        console = Console(width=sum(least) + frame)
    natural = [max(cell_len(cell.plain) for cell in down) for down in cells]
    shown = Table(header_style="bold")
    for column, width in zip(columns, fitted(least, natural, console.width - frame), strict=True):
        shown.add_column(column.name, justify="right" if column.is_number else "left", overflow="fold", width=width)
    for row in rows:
        shown.add_row(*row)
    return console.print(shown)


def narrowest(cell: Text, is_whole: bool) -> int:
    """Return the width below which a word of the cell breaks; a whole cell is one word, whatever is in it."""
    words = [cell.plain] if is_whole else cell.plain.split()
    return max((cell_len(word) for word in words), default=0)


def fitted(least: list[int], natural: list[int], room: int) -> list[int]:
    """Return the width of each column: the widest columns give way, none below its least."""
    widths = natural.copy()
    while sum(widths) > max(room, sum(least)):
        wide = max((place for place in range(len(widths)) if widths[place] > least[place]), key=widths.__getitem__)
        widths[wide] -= 1
    return widths


def records(columns: list[str], rows: list[list[Text]]) -> None:
    """Print each row as lines of a column and its value."""
    widest = max(map(cell_len, columns))
    for number, row in enumerate(rows, start=1):
        stdout.print(f"row {number} of {len(rows)}", style="dim", highlight=False)
        for column, cell in zip(columns, row, strict=True):
            stdout.print(Text.assemble((column.ljust(widest), "bold"), "  ", cell), soft_wrap=True)


def text(value: Any) -> Text:
    """Return a value as a cell: a dash for NULL, four decimals, lists with commas."""
    if value is None:
        return Text("—", style="dim")
    if isinstance(value, float):
        return Text(f"{value:.4f}")
    if isinstance(value, list):
        return Text(", ".join(str(item) for item in value))
    return Text(str(value))


def print_csv(columns: list[str], rows: Iterable[tuple]) -> None:
    """Print CSV: a header, nothing for NULL, `true` and `false`, lists and maps as JSON."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([csv_value(value) for value in row] for row in rows)


def csv_value(value: Any) -> Any:
    """Return a value as a field of CSV."""
    if isinstance(value, bool):
        return str(value).lower()
    return (
        dumps(json_value(value), default=str, ensure_ascii=False) if isinstance(value, list | tuple | dict) else value
    )


def print_json(records: Any) -> None:
    """Print JSON."""
    print(dumps(json_value(records), indent=2, default=str, ensure_ascii=False, allow_nan=False))
