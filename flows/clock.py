"""The clock. It is read in flows/ alone; features and din get the time as a value."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time now: UTC without a zone, as times are everywhere inside."""
    return datetime.now(UTC).replace(tzinfo=None)
