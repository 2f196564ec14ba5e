"""A column that breaks the contract -> the mapping to type in the source query, tried on the rows of the source."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from features.ingest.columns.source_schema import FLOATS, NUMBERS, TEXT, Column, is_fraction

# Asks one row of the rows of a source: one value for each SQL expression.
Query = Callable[..., tuple]

LOST = "ids that were floats have lost digits: read the column as BIGINT or VARCHAR in the first place"
EXACT = {"FLOAT": 2**24, "DOUBLE": 2**53}  # floats from here on have lost digits
CAST_AS_WRITTEN = re.compile(
    r"VARCHAR|U?HUGEINT|U?BIGINT|DECIMAL.*"
)  # a cast to BIGINT gives the number that is written
GUESSED = re.compile(r"DATE|TIME.*|BOOLEAN")  # what a reader of texts takes some ids for


@dataclass(frozen=True)
class SourceColumn:
    """What a source query gives: the kind of source, the types of its columns, and a way to ask about its rows."""

    source: str
    kind: str
    query: str
    types: dict[str, str]
    ask: Query


@dataclass(frozen=True)
class BrokenColumn:
    """A column that breaks the contract, and the type of such ids that the store holds, if any.

    `is_nullable`: rows without it are kept. `zeros`: an id of the store, a text that begins with a zero.
    """

    column: Column
    given: SourceColumn
    kept: str | None = None
    is_nullable: bool = True
    zeros: str | None = None

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def kind(self) -> str:
        return self.given.types[self.name]

    def ask(self, *expressions: str) -> tuple:
        return self.given.ask(*expressions)

    def count(self, condition: str) -> int:
        return self.ask(f"count(*) filter (where {condition})")[0]

    @property
    def as_text(self) -> str:
        """How the reader of the source takes the column as the text that the file has; empty where that is no file of
        texts."""
        if "csv" in self.given.query.lower():
            return f"`types = {{'{self.name}': 'VARCHAR'}}` in read_csv, with the name that the file gives the column"
        return "`columns = {…}` in read_json" if "json" in self.given.query.lower() else ""


def mapping_remedy(expression: str) -> str:
    """Say which mapping to type: the one place that does."""
    return f"map it with `{expression}`"


def missing_column_remedy(column: Column, is_nullable: bool) -> str:
    """Return what to type where a query lacks a column; `is_nullable`: rows without it are kept."""
    nothing = f"null::{column.cast}" if column.cast else "null"
    maybe = f", or `{nothing} as {column.name}` if you have none" if is_nullable else ""
    return f"add `... as {column.name}` to the query{maybe}"


def remedy(broken: BrokenColumn) -> str:
    """Return what to type so that the read succeeds and no value changes."""
    if broken.column.is_id:
        return id_remedy(broken)
    if broken.column.cast == "timestamp":
        return time_remedy(broken)
    if broken.column.cast == "varchar":
        return mapping_remedy(text_expression(broken))
    return cast_remedy(broken, str(broken.column.cast))


def time_remedy(broken: BrokenColumn) -> str:
    name, kind = broken.name, broken.kind
    if NUMBERS.fullmatch(kind):
        microseconds = f"{name} * 1000000" if kind == "BIGINT" else f"cast(cast({name} as double) * 1000000 as bigint)"
        return f"{mapping_remedy(f'make_timestamp({microseconds})')}, if it counts seconds since 1970"
    if TEXT.fullmatch(kind) and not broken.count(f"{name} is not null and try_cast({name} as timestamp) is null"):
        return f"{mapping_remedy(f'cast({name} as timestamp)')}, or `cast({name} as date)` if it is a day"
    return cast_remedy(broken, "timestamp")


def cast_remedy(broken: BrokenColumn, target: str) -> str:
    """Return the cast to a type; where some values are none of it, the cast that leaves those out."""
    value = text_expression(broken) if broken.kind in ("BLOB", "JSON") else broken.name
    lost, example = broken.ask(
        f"count(*) filter (where {value} is not null and try_cast({value} as {target}) is null)",
        f"min({value}) filter (where {value} is not null and try_cast({value} as {target}) is null)",
    )
    if not lost:
        return mapping_remedy(f"cast({value} as {target})")
    said = mapping_remedy(f"try_cast({value} as {target})")
    return f"{lost} of its values are none, such as {example}: {said} to leave those out"


def text_expression(broken: BrokenColumn) -> str:
    """Return the expression of a value as the text that it is."""
    if broken.kind == "BLOB":
        name = broken.name
        is_text = not broken.count(f"{name} is not null and try(decode({name})) is null")
        return f"decode({name})" if is_text else f"hex({name})"
    # ->> binds less than any comparison, so it needs brackets
    return f"({broken.name} ->> '$')" if broken.kind == "JSON" else f"cast({broken.name} as varchar)"


def id_remedy(broken: BrokenColumn) -> str:
    """Return the mapping of a column of ids, to the type that the store holds."""
    if is_fraction(broken.kind):
        return fraction_remedy(broken)
    text = text_expression(broken)
    if broken.kept == "BIGINT":
        return number_remedy(broken, text)
    if broken.kept is None and broken.kind.startswith("DECIMAL") and not fractional_ids(broken, text):
        return mapping_remedy(f"cast({broken.name} as bigint)")
    if broken.zeros and NUMBERS.fullmatch(broken.kind):
        how = f", with {broken.as_text}" if broken.as_text else ""
        return (
            f"{mapping_remedy(text)}; the store holds {broken.zeros}, and numbers have no zeros in front: "
            f"where the file has them, read the column as text{how}"
        )
    if GUESSED.fullmatch(broken.kind) and broken.as_text:
        how = f"read them as text, with {broken.as_text}"
        return f"{mapping_remedy(text)}; where the file writes them in another way, {how}"
    return mapping_remedy(text)


def fraction_remedy(broken: BrokenColumn) -> str:
    """Return the mapping of floats and decimals that are whole numbers, which those of a column with gaps are."""
    name, kind = broken.name, broken.kind
    limit = EXACT.get(kind, 2**63)
    inexact = f"not isnan({name}::double) and ({name} <> trunc({name}) or abs({name}) >= {limit})"
    if broken.count(inexact):
        if FLOATS.fullmatch(kind):
            return f"{LOST}, with {broken.as_text}" if broken.as_text else LOST
        return text_or_another_store(broken, f"cast({name} as varchar)")
    has_nan = FLOATS.fullmatch(kind) and broken.count(f"isnan({name})")
    number = f"cast(nullif({name}, 'nan') as bigint)" if has_nan else f"cast({name} as bigint)"
    return mapping_remedy(f"cast({number} as varchar)" if broken.kept == "VARCHAR" else number)


def text_or_another_store(broken: BrokenColumn, text: str) -> str:
    if broken.kept != "BIGINT":
        return mapping_remedy(text)
    return f"they are no integers; begin another store, in which every source gives `{text}`"


def fractional_ids(broken: BrokenColumn, text: str) -> tuple[int, int, str] | None:
    """Return how many values are no BIGINT that is written so, how many there are, and one; None where all are."""
    wrong = f"{text} is not null and cast(try_cast({text} as bigint) as varchar) is distinct from {text}"
    found = broken.ask(
        f"count(*) filter (where {wrong})", f"count({broken.name})", f"min({text}) filter (where {wrong})"
    )
    return (found[0], found[1], found[2]) if found[0] else None


def number_remedy(broken: BrokenColumn, text: str) -> str:
    """Return the mapping to the integers that a store holds; where some ids are none, what else there is to do."""
    value = broken.name if CAST_AS_WRITTEN.fullmatch(broken.kind) else text
    found = fractional_ids(broken, text)
    if not found:
        return mapping_remedy(f"cast({value} as bigint)")
    wrong, values, example = found
    another = f"begin another store, in which every source gives `{text}`"
    if wrong == values:
        return f"they are no integers, such as {example}; {another}"
    said = f"{wrong} of its {values} values are no such integers, such as {example}; in {broken.given.source}.sql, "
    exact = broken.count(f"try_cast({text} as bigint) is not null") == values - wrong
    number = f"try_cast({value} as bigint)"
    if not exact:
        number = f"case when cast({number} as varchar) = {text} then {number} end"
    if not broken.is_nullable:
        return f"{said}{mapping_remedy(number)}, which quarantines them, or {another}"
    where = f"where {broken.name} is null or {number} is not null"
    return f"{said}leave them out with `{where}` and {mapping_remedy(number)}, or {another}"
