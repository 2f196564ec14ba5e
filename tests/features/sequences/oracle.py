"""What a store must answer, worked out from the rows in plain Python: short, slow, and with no code of the store."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True)
class Row:
    """A row as the source gives it; any field but the type may be missing."""

    user: int | None
    goods: int | None
    shop: int | None
    kind: str
    ts: datetime | None
    known: datetime | None = None
    event_id: int | None = None
    weight: float | None = None  # at or below zero: a return, which histories keep


@dataclass(frozen=True)
class Wanted:
    """What a sequence keeps (see features.config.GroupConfig)."""

    length: int = 100
    max_age_days: int = 0
    types: tuple[str, ...] = ()
    collapse_seconds: int = 0


@dataclass(frozen=True)
class Read:
    """A read of the catalogue: the shop it gave each item, None where it said nothing."""

    day: date
    shops: dict[int, int | None]


def catalogue_shop(reads: list[Read], goods: int | None, day: date) -> int | None:
    """The shop that the catalogue gave an item by the end of a day; before the first read, that one."""
    said = [read.shops.get(goods) for read in reads if goods is not None and read.day <= max(day, reads[0].day)]
    return next((shop for shop in reversed(said) if shop is not None), None)


def part_of(row: Row, part: str, reads: list[Read]) -> int | None:
    """The item of a row, or its shop: its own, else that of the catalogue on its day."""
    own = getattr(row, part)
    return catalogue_shop(reads, row.goods, at(row).date()) if part == "shop" and own is None and reads else own


def at(row: Row) -> datetime:
    """When it happened; rows without a time are refused before anybody asks."""
    assert row.ts is not None
    return row.ts


def is_good(row: Row) -> bool:
    if row.user is None or row.ts is None or (row.goods is None and row.shop is None):
        return False
    return row.known is None or row.known >= row.ts


def kept_once(rows: list[Row]) -> list[Row]:
    """Rows without an event_id, and of each event_id the one known first."""
    first: dict[int | None, Row] = {}
    for row in sorted((row for row in rows if row.event_id is not None), key=lambda row: (row.known or row.ts, row.ts)):
        first.setdefault(row.event_id, row)
    return [row for row in rows if row.event_id is None] + list(first.values())


def content_number(row: Row) -> int:
    """What orders rows that the source does not name: the last 64 bits of MD5 of each field, by exclusive or."""
    number = 0
    for name, value in (("goods", row.goods), ("shop", row.shop), ("type", row.kind), ("weight", row.weight)):
        if value is not None:
            digest = hashlib.md5(f"{name}\x1f{value}".encode(), usedforsecurity=False).digest()
            number ^= int.from_bytes(digest[8:], "little")
    return number


def order(row: Row) -> tuple:
    number = content_number(row) if row.event_id is None else row.event_id + 2**63
    return (row.ts, row.known is not None, row.known or row.ts, number)


def history(rows: list[Row], user: int, as_of: datetime) -> list[Row]:
    """What a user had done strictly before a moment, as far as it was known by then, in order."""
    mine = [row for row in kept_once([row for row in rows if is_good(row)]) if row.user == user]
    seen = [row for row in mine if at(row) < as_of and (row.known is None or row.known <= as_of)]
    return sorted(seen, key=order)


def sequence(
    rows: list[Row], user: int, part: str, as_of: datetime, wanted: Wanted, reads: list[Read] | None = None
) -> list[tuple]:
    """The last goods, or shops, of a user before a moment: (id, type, time), oldest first."""
    reads = reads or []
    of_group = [
        row
        for row in history(rows, user, as_of)
        if part_of(row, part, reads) is not None and (not wanted.types or row.kind in wanted.types)
    ]
    fresh = []
    for before, row in zip([None, *of_group], of_group, strict=False):
        soon = before is not None and at(row) - at(before) <= timedelta(seconds=wanted.collapse_seconds)
        repeats = before is not None and part_of(before, part, reads) == part_of(row, part, reads)
        if not (wanted.collapse_seconds and soon and repeats):
            fresh.append(row)
    young = [row for row in fresh if not wanted.max_age_days or at(row) >= as_of - timedelta(days=wanted.max_age_days)]
    return [(part_of(row, part, reads), row.kind, row.ts) for row in young[-wanted.length :]]
