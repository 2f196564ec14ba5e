"""The columns that each kind of source gives: which types they may come with, and what becomes of them."""

import re
from dataclasses import dataclass
from enum import StrEnum

IDS = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT)|VARCHAR|UUID|NULL")
INTEGERS = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT)")
WIDE = re.compile(r"UBIGINT|U?HUGEINT|BIGNUM|VARINT|DECIMAL\(\d+,\s*0\)")
TIMES = re.compile(r"TIMESTAMP.*|DATE")
NANOSECONDS = ("TIMESTAMP_NS", "TIMESTAMPTZ_NS")  # the second is of DuckDB 2.0; 1.5 cuts it while it reads
NUMBERS = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL.*")
FLOATS = re.compile(r"FLOAT|DOUBLE")
ANYTHING = re.compile(r".*", re.DOTALL)
LABEL = re.compile(r"(?!(BLOB|JSON)$).*", re.DOTALL)  # what a cast to text leaves as it is
TEXT = re.compile(r"VARCHAR|ENUM.*")
TRUTH = re.compile(r"BOOLEAN")
LABELS = re.compile(r"BOOLEAN|U?(TINYINT|SMALLINT|INTEGER|BIGINT)")


class EventIds(StrEnum):
    """The forms in which the store keeps the event ids of a source; the first that it reads decides."""

    NUMBER = "number"  # whole numbers of 64 bits as event_no, anything else as text
    TEXT = "text"
    CAPITALS = "capitals"  # as TEXT, of a column of UUIDs whose texts were in capitals; the next ones likewise
    BRACES = "braces"
    CAPITAL_BRACES = "capital braces"
    DIGITS = "digits"
    CAPITAL_DIGITS = "capital digits"
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

    @property
    def is_id(self) -> bool:
        return self.cast is None


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
    Column("cat_id", LABEL, "text or a number", "varchar", required=False),
)
GOODS = (
    Column("goods_id", *ID, required=True),
    Column("shop_id", *ID, required=False),
    Column("cat_id", LABEL, "text or a number", "varchar", required=False),
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


def broken_columns(kind: str, given: dict[str, str]) -> list[Column]:
    """Return the columns of the contract that are missing or of another type."""
    return [
        column
        for column in CONTRACTS[kind]
        if (column.required and column.name not in given)
        or (column.name in given and not column.accepts.fullmatch(given[column.name].strip('"')))
    ]


def is_nullable(column: Column, kind: str, given: dict[str, str]) -> bool:
    """Whether rows without a value in the column are kept."""
    needed = {"events": ("user_id", "event_ts"), "goods": ("goods_id",)}
    if kind == "events" and column.name == "goods_id":
        return "shop_id" in given
    return column.name not in needed.get(kind, ("user_id", "goods_id", "event_ts", "label"))


def is_number(kind: str) -> bool:
    return bool(NUMBERS.fullmatch(kind) or WIDE.fullmatch(kind))


def is_fraction(kind: str) -> bool:
    """Whether numbers of this type may have a fraction."""
    return is_number(kind) and not INTEGERS.fullmatch(kind) and not WIDE.fullmatch(kind)
