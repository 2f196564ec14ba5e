"""A column as a source gives it -> the SQL expression that takes it in the form of the contract."""

from features.ingest.columns.source_schema import FLOATS, INTEGERS, NANOSECONDS, WIDE, Column, EventIds, is_fraction


def column_expression(column: Column, given: dict[str, str], event_ids: EventIds, *, whole_categories: bool) -> str:
    """How the contract's column is taken from the given one: ids keep their type, whole numbers as BIGINT."""
    kind = given.get(column.name)
    if kind is None and column.name == "event_id":
        return "null::varchar as event_id, null::ubigint as event_no"
    if kind is None:
        return f"cast(null as {column.cast or 'bigint'}) as {column.name}"
    if column.name == "event_id":
        return event_id_expression(kind, event_ids)
    if column.cast == "timestamp" and kind == "DATE":
        return timestamp_expression(column.name)
    if column.cast == "timestamp" and kind in NANOSECONDS:
        return cut_to_microseconds(column.name)
    if column.name == "cat_id" and whole_categories and is_fraction(kind):
        return "whole_text(float_text(cat_id)) as cat_id"
    if column.cast is None:
        return f"cast({column.name} as {'varchar' if kind in ('VARCHAR', 'UUID') else 'bigint'}) as {column.name}"
    return f"cast({column.name} as {column.cast}) as {column.name}"


def timestamp_expression(name: str) -> str:
    """A date as the first moment of its day in the store, or as known_at the last, which `known_after_day` moves to the
    end. A date that is not in store_dates is quarantined later."""
    of_day = f"{name}_day.day_ends - to_microseconds(1)" if name == "known_at" else f"{name}_day.day_begins"
    return f"coalesce({of_day}, cast(given.{name} as timestamp)) as {name}"


def cut_to_microseconds(name: str) -> str:
    """A time in nanoseconds without its last three digits: DuckDB 2.0 rounds in a cast, which moves the last half
    microsecond of a day into the next day. Infinity stays, to be quarantined as such."""
    nanoseconds = f"cast({name} as timestamp_ns)"
    cut = f"make_timestamp(epoch_us({nanoseconds}))"
    return f"case when isfinite({nanoseconds}) then {cut} else cast({name} as timestamp) end as {name}"


def event_id_expression(kind: str, form: EventIds) -> str:
    """How an event id is taken: a number as event_no, in its own order, negative ones first; anything else as a text,
    with a hash as event_no. Reads the macros of sql/transforms/event_ids.sql."""
    if form == EventIds.NUMBER and INTEGERS.fullmatch(kind) and not WIDE.fullmatch(kind):
        return (
            "null::varchar as event_id, case when event_id >= 0 then event_id::ubigint + 9223372036854775808::ubigint"
            " else (event_id::hugeint + 9223372036854775808)::ubigint end as event_no"
        )
    text = event_text_expression(kind, form)
    if form != EventIds.NUMBER:
        return f"{text} as event_id, md5_number_lower({text}) as event_no"
    number = f"event_number(whole_text({text}))"
    return (
        f"case when {number} is null then {text} end as event_id, "
        f"coalesce({number}, md5_number_lower({text})) as event_no"
    )


def event_text_expression(kind: str, form: EventIds) -> str:
    """The text of an event id in a form."""
    own = "event_id::varchar"
    if form == EventIds.AS_SHOWN or (form == EventIds.FLOAT and FLOATS.fullmatch(kind)):
        return own
    if is_fraction(kind) or kind in ("BLOB", "JSON"):
        own = {"BLOB": "blob_text(event_id)", "JSON": "event_id ->> '$'"}.get(kind, "float_text(event_id)")
    wrapped = {
        EventIds.CAPITALS: "upper",
        EventIds.BRACES: "in_braces",
        EventIds.CAPITAL_BRACES: "in_capital_braces",
        EventIds.DIGITS: "digits_of_uuid",
        EventIds.CAPITAL_DIGITS: "capital_digits_of_uuid",
        EventIds.UUID: "lower_uuid",
        EventIds.FLOAT: "as_float_text",
    }
    return f"{wrapped[form]}({own})" if form in wrapped else f"({own})"
