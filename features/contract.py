"""The columns that each kind of source gives: which types they may come with, and what becomes of them."""

import re
from dataclasses import dataclass
from enum import StrEnum

from features.errors import FeatureError

IDS = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT)|VARCHAR|UUID|NULL")
INTEGERS = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT)")
WIDE = re.compile(r"UBIGINT|U?HUGEINT|BIGNUM|VARINT|DECIMAL\(\d+,\s*0\)")
TIMES = re.compile(r"TIMESTAMP.*|DATE")
NUMBERS = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL.*")
FLOATS = re.compile(r"FLOAT|DOUBLE")
ANYTHING = re.compile(r".*", re.DOTALL)
TEXT = re.compile(r"VARCHAR|ENUM.*")
TRUTH = re.compile(r"BOOLEAN")
LABELS = re.compile(r"BOOLEAN|U?(TINYINT|SMALLINT|INTEGER|BIGINT)")


class EventIds(StrEnum):
    """The forms in which the store keeps the event ids of a source; the first that it reads decides."""

    NUMBER = "number"  # whole numbers of 64 bits as event_no, anything else as text
    TEXT = "text"
    CAPITALS = "capitals"  # as TEXT, of a column of UUIDs whose texts were in capitals
    UUID = "uuid"  # as TEXT, UUIDs in small letters
    FLOAT = "float"  # as earlier versions kept floats: `5.0`
    AS_SHOWN = "as shown"  # as earlier versions kept BLOB and JSON: as DuckDB shows them


@dataclass(frozen=True)
class Column:
    """A column of the contract: the types it may come with, in words, and what it is cast to (None: an id)."""

    name: str
    accepts: re.Pattern[str]
    expected: str
    cast: str | None
    required: bool


ID = (IDS, "an integer or text", None)
TIME = (TIMES, "TIMESTAMP", "timestamp")
EVENTS = (
    Column("user_id", *ID, required=True),
    Column("goods_id", *ID, required=True),
    Column("shop_id", *ID, required=True),
    Column("event_type", TEXT, "text", "varchar", required=True),
    Column("event_ts", *TIME, required=True),
    Column("event_id", ANYTHING, "anything", "varchar", required=False),
    Column("known_at", *TIME, required=False),
    Column("weight", NUMBERS, "a number", "double", required=False),
    Column("cat_id", ANYTHING, "anything", "varchar", required=False),
)
GOODS = (
    Column("goods_id", *ID, required=True),
    Column("shop_id", *ID, required=False),
    Column("cat_id", ANYTHING, "anything", "varchar", required=False),
    Column("name", TEXT, "text", "varchar", required=False),
    Column("active", TRUTH, "BOOLEAN", "boolean", required=False),
)
IMPRESSIONS = (
    Column("user_id", *ID, required=True),
    Column("goods_id", *ID, required=True),
    Column("shop_id", *ID, required=False),
    Column("event_ts", *TIME, required=True),
    Column("label", LABELS, "0 or 1", "boolean", required=True),
)
CONTRACTS = {"events": EVENTS, "goods": GOODS, "impressions": IMPRESSIONS}


def check_contract(source: str, kind: str, given: dict[str, str]) -> None:
    """Raises FeatureError with every column of the contract that is missing or of another type, and what to do."""
    wrong = [
        f"  {column.name} is {given.get(column.name, 'missing')}, expected {column.expected}; {remedy(column, given)}"
        for column in CONTRACTS[kind]
        if (column.required and column.name not in given)
        or (column.name in given and not column.accepts.fullmatch(given[column.name].strip('"')))
    ]
    if wrong:
        raise FeatureError(
            f"source {source}: {len(wrong)} column(s) of the query break the contract (docs/sources.md)\n"
            + "\n".join(wrong)
        )


def remedy(column: Column, given: dict[str, str]) -> str:
    if column.name not in given:
        nothing = f"null::{column.cast}" if column.cast else "null"
        maybe = "" if column.name in ("user_id", "event_ts") else f", or `{nothing} as {column.name}` if you have none"
        return f"add `... as {column.name}` to the query{maybe}"
    if column.cast == "timestamp" and NUMBERS.fullmatch(given[column.name]):
        return f"map it with `make_timestamp({column.name} * 1000000)`, if it counts seconds since 1970"
    if column.cast is None and FLOATS.fullmatch(given[column.name]):
        return "ids that were floats have lost digits: read the column as BIGINT or VARCHAR in the first place"
    if column.cast == "timestamp" and TEXT.fullmatch(given[column.name]):
        return f"map it with `cast({column.name} as timestamp)`, or `cast({column.name} as date)` if it is a day"
    target = column.cast or ("bigint" if NUMBERS.fullmatch(given[column.name]) else "varchar")
    return f"map it with `cast({column.name} as {target})`"


def is_number(kind: str) -> bool:
    return bool(NUMBERS.fullmatch(kind) or WIDE.fullmatch(kind))
