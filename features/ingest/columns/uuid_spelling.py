"""Ids of a read -> whether UUIDs among them are written in another way than in the store: they would be other ids."""

import duckdb

from features.errors import FeatureError
from features.ingest.columns.remedies import mapping_remedy
from features.ingest.entity_keys import ENTITY_TABLES, id_type_of
from features.store import sql_builder, sql_files

FORMS = {
    "lower": "{}",
    "upper": "upper({})",
    "braces": "'{{' || {} || '}}'",
    "upper braces": "upper('{{' || {} || '}}')",
    "digits": "replace({}, '-', '')",
    "upper digits": "upper(replace({}, '-', ''))",
}


def check_uuids(con: duckdb.DuckDBPyConnection, rows: str, column: str, source: str, kind: str) -> None:
    """Raise FeatureError where an id of `rows`, a table, is new here and is a UUID that is known in other letters.

    `kind`: the type that the source query gives the column.
    """
    if id_type_of(con, rows, column) != "VARCHAR":
        return
    con.execute(sql_builder.create_uuids("given_uuids", rows, column))
    if not con.execute("from given_uuids limit 1").fetchall():
        return
    con.execute(sql_builder.create_uuids("known_uuids", f"entities.{ENTITY_TABLES[column]}", column))
    for given, other, ids in sql_files.run(con, "transforms/uuids_alike").fetchall():
        raise FeatureError(
            f"source {source}: {column} {given} is the same UUID as {other}, written in another way, and would be "
            f"another id ({ids} such ids); in {source}.sql, {remedy(con, column, kind)}"
        )


def remedy(con: duckdb.DuckDBPyConnection, column: str, kind: str) -> str:
    """Return the mapping to the way in which the store writes UUIDs."""
    any_known = con.execute("from known_uuids limit 1").fetchall()
    fitting = {form for (form,) in sql_files.run(con, "transforms/uuid_forms").fetchall()} if any_known else {"lower"}
    for form in FORMS:
        if form in fitting:
            return mapping_remedy(spelling_of(column, kind, form))
    return f"begin another store, in which every source gives `{spelling_of(column, kind, 'lower')}`"


def spelling_of(column: str, kind: str, form: str) -> str:
    """Return the expression of an id whose UUIDs are written in a form; other texts stay as they are."""
    if kind == "UUID":
        return FORMS[form].format(f"cast({column} as varchar)")
    return f"coalesce({FORMS[form].format(f'cast(try_cast({column} as uuid) as varchar)')}, {column})"
