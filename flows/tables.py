"""Rows -> tables that never break a word or an id, records where a table has no room, CSV and JSON."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterable
from json import dumps
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.console import stdout

if TYPE_CHECKING:
    from features import Answer

FRAME = 3  # the characters of a column's border and padding


def table(answer: Answer, title: str | None = None) -> None:
    """Print rows as a table, numbers to the right.

    Lines break between words. Where words and ids have no room, a terminal gets one record after the other, and a pipe
    or a file gets a wider table.
    """
    cells = [[text(value) for value in row] for row in answer.rows]
    columns = [[Text(name), *(row[place] for row in cells)] for place, name in enumerate(answer.columns)]
    least = [max(narrowest(cell, name) for cell in cells) for name, cells in zip(answer.columns, columns, strict=True)]
    room = stdout.width - FRAME * len(least) - 1
    if sum(least) > room and stdout.is_terminal:
        records(answer.columns, cells, title)
        return
    natural = [max(cell_len(cell.plain) for cell in cells) for cells in columns]
    shown = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for place, width in enumerate(fitted(least, natural, room)):
        number = all(isinstance(row[place], int | float) or row[place] is None for row in answer.rows)
        justify = "right" if number and answer.rows else "left"
        shown.add_column(answer.columns[place], justify=justify, overflow="fold", width=width)
    for row in cells:
        shown.add_row(*row)
    wide = sum(least) > room
    (Console(width=sum(least) + FRAME * len(least) + 1) if wide else stdout).print(shown)


def narrowest(cell: Text, column: str) -> int:
    """Return the width below which a word of the cell breaks; an id is one word, whatever is in it."""
    words = [cell.plain] if column.endswith("_id") else cell.plain.split()
    return max((cell_len(word) for word in words), default=0)


def fitted(least: list[int], natural: list[int], room: int) -> list[int]:
    """Return the width of each column: the widest columns give way, none below its least."""
    widths = natural.copy()
    while sum(widths) > max(room, sum(least)):
        wide = max((place for place in range(len(widths)) if widths[place] > least[place]), key=widths.__getitem__)
        widths[wide] -= 1
    return widths


def records(columns: list[str], rows: list[list[Text]], title: str | None) -> None:
    """Print each row as lines of a column and its value."""
    widest = max(map(cell_len, columns))
    if title:
        stdout.print(title, style="bold", markup=False, highlight=False)
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


def as_csv(columns: list[str], rows: Iterable[tuple]) -> None:
    """Print CSV: a header, nothing for NULL, `true` and `false`, lists and maps as JSON."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([csv_value(value) for value in row] for row in rows)


def csv_value(value: Any) -> Any:
    """Return a value as a field of CSV."""
    if isinstance(value, bool):
        return str(value).lower()
    return dumps(plain(value), default=str, ensure_ascii=False) if isinstance(value, list | tuple | dict) else value


def as_json(records: Any) -> None:
    """Print JSON."""
    print(dumps(plain(records), indent=2, default=str, ensure_ascii=False, allow_nan=False))


def plain(value: Any) -> Any:
    """Return a value that JSON has: null for NaN and infinity, text for the keys of a map."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
