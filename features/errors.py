"""The exceptions of the feature store. Their text is for the user: what was wrong, where, and what to do."""

from pathlib import Path


class FeatureError(Exception):
    """A user's mistake, or a store that cannot do what was asked; nothing has been half-written."""


class UnreadableError(FeatureError):
    """A DuckDB file that cannot be opened: damaged, or written by a newer DuckDB."""

    def __init__(self, message: str, path: Path | None) -> None:
        super().__init__(message)
        self.path = path


class BusyError(FeatureError):
    """Somebody else is writing to the store."""


class StoppedByCheck(FeatureError):
    """A check with severity `stop` found rows; yesterday stays published."""
