"""Promises about what sources gave, compared with what the store holds."""

from features.ingest.held_back_days import HeldBack, accept_command
from features.ops.store_checks import DoctorContext, Found, IntegrityCheck, Violation


def check_held_back_days(look: DoctorContext) -> Found:
    """No day is held back: the store holds no more rows of a day than its source gave last."""
    found = look.warehouse.run("status/held_back")
    broken = [
        Violation(f"{kind} of {source}, {HeldBack(*day)}", accept_command(f"{kind}.{source}", [day[0]]))
        for source, kind, *day, _ in found
    ]
    return "", broken


SOURCES = (
    IntegrityCheck(check_held_back_days, "no source gave fewer rows of a day than the store keeps", is_note=True),
)
