"""Every promise of a store -> what breaks it, and how to mend that. Nothing is written.

A promise about the record is a file of sql/doctor: it gives the rows that break it, in words, and its first lines say
the promise and the remedy. One about files is a function (features/examined.py, features/examined_release.py). A note
is told and breaks nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import duckdb

from features import database, statements
from features.entities import has_entities
from features.examined import FILES, Broken, Look, Promise
from features.examined_release import RELEASES
from features.examined_sources import SOURCES

PROMISE, REMEDY = re.compile(r"^-- promise: (.*)$", re.MULTILINE), re.compile(r"^-- remedy: (.*)$", re.MULTILINE)
UP_TO_DATE = "nightrank nightly, which brings the record of an earlier version up to date"


@dataclass(frozen=True)
class Finding:
    """What became of a promise: what was looked at, and what breaks it; a note breaks nothing."""

    name: str
    promise: str
    is_note: bool
    found: str = ""
    broken: list[Broken] = field(default_factory=list)


def examine(look: Look) -> Iterator[Finding]:
    """Each promise in turn, as it is found. Nobody may be writing meanwhile."""
    for name in statements.names("doctor"):
        yield of_the_record(look, name)
    for promise in (*FILES, *RELEASES, *SOURCES):
        if look.deep or not promise.is_deep:
            yield of_files(look, promise)


def of_the_record(look: Look, name: str) -> Finding:
    """Asks a file of sql/doctor. One of a record that has read no events yet has nothing to break."""
    text = statements.read(f"doctor/{name}")
    [promise], remedies = PROMISE.findall(text), REMEDY.findall(text)
    con = look.warehouse.con
    if not has_entities(con):
        return Finding(name, promise, is_note=False, found="no events yet")
    try:
        rows = statements.run(con, f"doctor/{name}", sequence_nights=look.sequence_nights).fetchall()
    except duckdb.Error as error:
        return Finding(name, promise, is_note=False, broken=[not_asked(error)])
    return Finding(name, promise, is_note=False, broken=[Broken(*row, *remedies) for row in rows])


def of_files(look: Look, promise: Promise) -> Finding:
    try:
        found, broken = promise.ask(look)
    except duckdb.Error as error:
        found, broken = "", [not_asked(error)]
    return Finding(promise.name, promise.title, promise.is_note, found, broken)


def not_asked(error: duckdb.Error) -> Broken:
    return Broken(f"cannot be asked: {database.first_line(error)}", UP_TO_DATE)
