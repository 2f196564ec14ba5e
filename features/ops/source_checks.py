"""Promises about what sources gave, compared with what the store holds."""

from features.ingest.held_back_days import HeldBack, accepting
from features.ops.store_checks import Broken, Found, Look, Promise


def days_are_as_given(look: Look) -> Found:
    """No day is held back: the store holds no more rows of a day than its source gave last."""
    found = look.warehouse.run("status/held_back")
    broken = [
        Broken(f"{kind} of {source}, {HeldBack(*day)}", accepting(f"{kind}.{source}", [day[0]]))
        for source, kind, *day, _ in found
    ]
    return "", broken


SOURCES = (Promise(days_are_as_given, "no source gave fewer rows of a day than the store keeps", is_note=True),)
