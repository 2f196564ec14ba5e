"""A person's source query -> SQL that returns the columns of its contract.

With features/store/sql_builder.py the only place that assembles SQL text.
"""

import re
from itertools import pairwise

import duckdb

from features.ingest.columns.column_expressions import column_expression
from features.ingest.columns.source_schema import CONTRACTS, EventIds
from features.store import sql_builder

DAY_PARAMETER = re.compile(rb"day_(start|end)\b")


def select_contract_columns(
    kind: str, given: dict[str, str], query: str, event_ids: EventIds, *, whole_categories: bool
) -> str:
    """A source query with the columns of the contract of its kind, each with its type; dates as moments."""
    forms = {"event_ids": event_ids, "whole_categories": whole_categories}
    columns = ",\n".join(column_expression(column, given, **forms) for column in CONTRACTS[kind])
    joins = "".join(
        f"\nleft join store_dates as {name}_day on given.{name} = {name}_day.store_date"
        for name in date_columns(kind, given)
    )
    return f"select {columns} from (\n{query}\n) as given{joins}"


def date_columns(kind: str, given: dict[str, str]) -> list[str]:
    """The columns of times that are given as dates."""
    return [
        column.name for column in CONTRACTS[kind] if column.cast == "timestamp" and given.get(column.name) == "DATE"
    ]


def with_outer_parameters(query: str) -> str:
    """A source query whose $day_start and $day_end are named apart from those of the select around it."""
    text, parts, done = query.encode(), [], 0  # DuckDB counts bytes
    tokens = [place for place, _ in duckdb.tokenize(query)]
    for place, after in pairwise(tokens):
        name = DAY_PARAMETER.match(text, after)
        if text[place : place + 1] == b"$" and after == place + 1 and name:
            parts += [text[done:after], b"asked_", name[1]]
            done = name.end()
    return b"".join([*parts, text[done:]]).decode()


def create_from_source(table: str, kind: str, rows: str, select: str) -> str:
    """The temporary table of a select that reads the rows of a source as `source_<kind>`."""
    [known] = [one for one in CONTRACTS if one == kind]
    made = sql_builder.Relation(table)
    return f"create or replace temp table {made} as\nwith source_{known} as ({rows})\nfrom ({select}\n)"


def row_hash(given: set[str]) -> str:
    """Make the macro row_hash: 56 bits that stand for a source row, of the columns that it gives.

    Their sum over the rows of a day does not depend on the order of rows, and fits DuckDB's fast sum of BIGINT.
    """
    columns = [column.name for column in CONTRACTS["events"]]
    hashed = [f"of_{name}" for name in columns if name in given] + (["of_event_no"] if "event_id" in given else [])
    parameters = ", ".join(f"of_{name}" for name in (*columns, "event_no"))
    return f"create or replace temp macro row_hash({parameters}) as (hash({', '.join(hashed)}) >> 8)::bigint"
