"""Every promise of a store -> what breaks it, and how to mend that. Nothing is written.

A promise about the record is a file of sql/doctor: it gives the rows that break it, in words, and its first lines say
the promise and the remedy. One about files is a function (features/ops/store_checks.py,
features/ops/release_checks.py). A note is told and breaks nothing.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from features.errors import FeatureError
from features.ingest.entity_keys import has_entities
from features.ops.release_checks import RELEASES
from features.ops.source_checks import SOURCES
from features.ops.store_checks import FILES, DoctorContext, IntegrityCheck, Violation
from features.store import duckdb_connection, sql_files
from features.store.warehouse_copies import copies, restore_command

COMMAND = re.compile(r"nightrank \w")
PROMISE, REMEDY = re.compile(r"^-- promise: (.*)$", re.MULTILINE), re.compile(r"^-- remedy: (.*)$", re.MULTILINE)
UP_TO_DATE = "nightrank nightly  # brings the record of an earlier version up to date"
RESTORE = "restore a copy of warehouse.duckdb"  # what sql/doctor says where no command can rebuild a record


@dataclass(frozen=True)
class Finding:
    """What became of a promise: what was looked at, and what breaks it; a note breaks nothing."""

    name: str
    promise: str
    is_note: bool
    found: str = ""
    broken: list[Violation] = field(default_factory=list)


def run_doctor_checks(look: DoctorContext) -> Iterator[Finding]:
    """Each promise in turn, as it is found. Nobody may be writing meanwhile."""
    for name in sql_files.names("doctor"):
        yield runnable(look, run_sql_check(look, name))
    for promise in (*FILES, *RELEASES, *SOURCES):
        if look.deep or not promise.is_deep:
            yield runnable(look, run_file_check(look, promise))


def runnable(look: DoctorContext, found: Finding) -> Finding:
    """The finding with remedies that a shell runs as they are printed, wherever it runs them."""
    store = look.warehouse.store
    here = f" --store {shlex.quote(str(store.root))}"
    sound = restore_command(store, sound_copy(look, found.name)) if has_remedy(found, RESTORE) else ""
    return replace(found, broken=[Violation(one.what, format_command(one.remedy, here, sound)) for one in found.broken])


def format_command(remedy: str, here: str, sound: str) -> str:
    """A remedy as a line for the shell: each nightrank command names its store, before the comment at the end."""
    if remedy == RESTORE:
        return sound
    command, mark, comment = remedy.partition("  # ")
    parts = [part + here if COMMAND.match(part) and " --store " not in part else part for part in command.split(" && ")]
    return " && ".join(parts) + mark + comment


def has_remedy(found: Finding, remedy: str) -> bool:
    return any(one.remedy == remedy for one in found.broken)


def sound_copy(look: DoctorContext, name: str) -> Path | None:
    """The newest copy of the record in which a promise of sql/doctor holds; None where it holds in none."""
    for copy in reversed(copies(look.warehouse.store)):
        try:
            with duckdb_connection.connect_read_only(copy) as con:
                if not sql_files.run(con, f"doctor/{name}", sequence_nights=look.sequence_nights).fetchall():
                    return copy
        except (duckdb.Error, FeatureError, FileNotFoundError):
            continue  # damaged, of an earlier version, or the promise is not one of sql/doctor
    return None


def run_sql_check(look: DoctorContext, name: str) -> Finding:
    """Asks a file of sql/doctor. One of a record that has read no events yet has nothing to break."""
    text = sql_files.read(f"doctor/{name}")
    [promise], remedies = PROMISE.findall(text), REMEDY.findall(text)
    con = look.warehouse.con
    if not has_entities(con):
        return Finding(name, promise, is_note=False, found="no events yet")
    try:
        rows = sql_files.run(con, f"doctor/{name}", sequence_nights=look.sequence_nights).fetchall()
    except duckdb.Error as error:
        return Finding(name, promise, is_note=False, broken=[check_errored(error)])
    return Finding(name, promise, is_note=False, broken=[Violation(*row, *remedies) for row in rows])


def run_file_check(look: DoctorContext, promise: IntegrityCheck) -> Finding:
    try:
        found, broken = promise.ask(look)
    except duckdb.Error as error:
        found, broken = "", [check_errored(error)]
    return Finding(promise.name, promise.title, promise.is_note, found, broken)


def check_errored(error: duckdb.Error) -> Violation:
    """A promise that the record cannot answer: it is of an earlier version, or damaged."""
    remedy = UP_TO_DATE if isinstance(error, duckdb_connection.UNKNOWN_NAME_ERRORS) else RESTORE
    return Violation(f"cannot be asked: {duckdb_connection.first_line(error)}", remedy)
