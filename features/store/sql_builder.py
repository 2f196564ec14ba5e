"""Names, paths and people's own queries -> SQL text: the one file that assembles it. Values are bound, and in no text.

A name is one of the enums here, or DuckDB's own catalogue gave it and it is quoted; whatever else is an error. A
person's query is one select by the time it stands within another.
"""

import re
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from pathlib import Path

COLUMNS = re.compile(r"[a-z_]+ [a-z]+(, [a-z_]+ [a-z]+)*")


class Relation(StrEnum):
    """Every table and view that a statement outside of sql/ names."""

    USERS = "entities.users"
    GOODS = "entities.goods"
    SHOPS = "entities.shops"
    RANKINGS = "serving.rankings"
    WHY = "serving.why"
    SCORED = "serving.scored"
    DRIFT = "serving.drift"
    FILES = "ops.files"
    EVENT_ROWS = "ops.event_rows"
    RELEASED_GOODS_SEQUENCES = "release.goods_sequences"
    RELEASED_SHOP_SEQUENCES = "release.shop_sequences"
    EVENTS = "events"
    KEPT_BEFORE = "kept_before"
    REPEATS_BEFORE = "repeats_before"
    CATEGORY_EVENTS = "category_events"
    DAY_EVENTS = "day_events"
    DAY_IMPRESSIONS = "day_impressions"
    BASE_HISTORIES = "base_histories"
    DAYS_SINCE = "days_since"
    SHOWN = "shown"
    NIGHT_GOODS = "night_goods"
    NIGHT_PAIRS = "night_pairs"
    GOODS_OF_NIGHT = "goods_of_night"
    CATEGORIES_OF_NIGHT = "categories_of_night"
    SOURCE_SIZE = "source_size"
    SOURCE_DIGESTS = "source_digests"
    FORGOTTEN_IDS = "forgotten_ids"
    SOURCE_GOODS = "source_goods"
    REPEATED_NUMBERS = "repeated_numbers"
    CONTESTED_NUMBERS = "contested_numbers"
    CONTESTED_EVENTS = "contested_events"
    SHARED_EVENTS = "shared_events"
    DUPLICATE_EVENTS = "duplicate_events"
    SEGMENTS = "segments"
    GIVEN_UUIDS = "given_uuids"
    KNOWN_UUIDS = "known_uuids"


class Id(StrEnum):
    """The columns that hold ids or keys."""

    USER_ID = "user_id"
    GOODS_ID = "goods_id"
    SHOP_ID = "shop_id"
    USER_KEY = "user_key"


class IdType(StrEnum):
    BIGINT = "BIGINT"
    VARCHAR = "VARCHAR"


class Attached(StrEnum):
    """What a second file is called while it is open beside the first."""

    RELEASE = "release"
    OLD = "old"
    NEW = "new"


class Allowed(StrEnum):
    """The settings that say what a connection that is shut in may read."""

    PATHS = "allowed_paths"
    DIRECTORIES = "allowed_directories"


def quoted(*names: str) -> str:
    """A name as the catalogue of a file gives it, whatever is in it."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(text: str) -> str:
    """A text where no value can be bound."""
    return "'" + text.replace("'", "''") + "'"


def attach(path: Path, name: str, *, read_only: bool = False) -> str:
    return f"attach {literal(str(path))} as {Attached(name)}{' (read_only)' if read_only else ''}"


def views_of_release(text: str, release_id: str) -> str:
    """The statements of sql/published/views.sql, in which each macro has the id of its release."""
    return text.replace(literal("this release"), literal(release_id))


def allow_paths(setting: str, paths: Iterable[str]) -> str:
    return f"set {Allowed(setting)} = [{', '.join(map(literal, paths))}]"


def delete_day(table: str) -> str:
    return f"delete from {Relation(table)} where ds = $ds"


def insert_new_rows(table: str) -> str:
    return f"insert into {Relation(table)} by name from new_rows"


def drop_view(view: str) -> str:
    return f"drop view if exists {Relation(view)}"


def drop_table(table: str) -> str:
    return f"drop table if exists {Relation(table)} cascade"


def empty_view(view: str, columns: str) -> str:
    """A view without rows, of these columns: `name type, ...`."""
    if not COLUMNS.fullmatch(columns):
        raise ValueError(f"{columns}: not columns with their types")
    name = Relation(view)
    return f"create or replace temp table empty_{name} ({columns}); create temp view {name} as from empty_{name}"


def has_values(table: str, column: str) -> str:
    return f"select 1 from {Relation(table)} where {Id(column)} is not null limit 1"


def id_with_zeros(table: str, column: str) -> str:
    """One row: an id, a text, that is a number with zeros in front; NULL where there is none."""
    return f"select min({Id(column)}) from {Relation(table)} where regexp_full_match({Id(column)}, '0[0-9]+')"


def create_uuids(made: str, table: str, column: str) -> str:
    """The temporary table of the ids of a table that are UUIDs, as they are written and as what they mean."""
    uuid = "try_cast(any_value(id) as uuid)"  # of each distinct id: a cast of every row takes 8 times as long
    return (
        f"create or replace temp table {Relation(made)} as select id, {uuid} as uuid "
        f"from (select {Id(column)} as id from {Relation(table)} where strlen({Id(column)}) between 32 and 38) "
        f"group by id having {uuid} is not null"
    )


def give_type(table: str, column: str, kind: str) -> str:
    return f"alter table {Relation(table)} alter {Id(column)} type {IdType(kind)}"


def digest(schema: str, table: str) -> str:
    """One row: a hash of every row of a table, so that all of it is read."""
    return f"select bit_xor(hash(one)) from {quoted(schema, table)} as one"


def count_user_rows(schema: str, table: str, column: str) -> str:
    """One row: how many rows of a table are a person's, by their id or key as `$wanted`, a text."""
    return f"select count(*) from {quoted(schema, table)} where {Id(column)}::varchar = $wanted"


def count_erased_rows(schema: str, table: str, column: str) -> str:
    """One row: how many rows of a table are of anybody forgotten, by `$keys`, or by `$hashes` with `$salt`."""
    theirs = {
        Id.USER_ID: "list_contains($hashes, sha256($salt || user_id::varchar))",
        Id.USER_KEY: "list_contains($keys, user_key)",
    }
    return f"select count(*) from {quoted(schema, table)} where {theirs[Id(column)]}"


def copy_without(schema: str, table: str, has_users: bool) -> str:
    """Copies a table of `old` to `new`, without the rows of the user whose id is `$text`."""
    theirs = "user_id::varchar is distinct from $text" if has_users else "$text is not null"
    name = quoted(schema, table)
    return f"insert into {Attached.NEW}.{name} select * from {Attached.OLD}.{name} where {theirs}"


def describe(query: str) -> str:
    return f"describe {query}"


def as_subquery(query: str) -> str:
    """A query inside another, where nothing but a select can stand."""
    return f"from (\n{query}\n)"


def explain(query: str) -> str:
    return f"explain (format json) {query}"


def aggregate(query: str, *expressions: str) -> str:
    """One row: a value for each expression over the rows of a query."""
    return f"select {', '.join(expressions)} from (\n{query}\n) as given"


def evaluate(expression: str) -> str:
    """One row: the value of an argument in a person's query."""
    return f"select {expression}\n"


def first_lines(options: dict[str, str], *, names: bool) -> str:
    """Of the CSV file `$file`, read with options of a person's query: one row per name in its first line, or one row of
    how many lines DuckDB skips before it."""
    given = "".join(f", {name} = {expression}\n" for name, expression in options.items())
    if names:
        return f"describe from read_csv($file, header = true, all_varchar = true{given})"
    return f"select SkipRows from sniff_csv($file{given})"


def create_proposals(query: str) -> str:
    """The table `proposed` of what a candidate source gives."""
    return f"create or replace temp table proposed as {query}"


def create_is_replaced(days: list[date]) -> str:
    """Make the macro is_taken: whether a read_ds is one of the days that a read replaces (days_taken).

    Days that follow each other are a range, which DuckDB compares with what a file says of its rows.
    """
    follow = days and (days[-1] - days[0]).days + 1 == len(days)
    within = f"between date '{days[0]}' and date '{days[-1]}'" if follow else "in (select read_ds from days_taken)"
    return f"create or replace temp macro is_taken(of_ds) as (of_ds {within})"


def create_is_erased(anybody: bool) -> str:
    """Make the macro is_forgotten: whether a user_id of a source is among forgotten_ids, where there are any."""
    test = "coalesce(of_user in (select forgotten_ids.user_id from forgotten_ids), false)" if anybody else "false"
    return f"create or replace temp macro is_forgotten(of_user) as {test}"
