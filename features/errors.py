"""The exceptions of the feature store. Their text is for the user: what was wrong, where, and what to do."""

from pathlib import Path


class FeatureError(Exception):
    """A user's mistake, or a store that cannot do what was asked; nothing has been half-written."""


class UnreadableError(FeatureError):
    """A DuckDB file that cannot be opened."""

    def __init__(self, message: str, path: Path | None) -> None:
        super().__init__(message)
        self.path = path


class NewerFileError(UnreadableError):
    """A DuckDB file that a newer DuckDB wrote; the file is not damaged. `reason` says so without what to type."""

    def __init__(self, message: str, path: Path, reason: str) -> None:
        super().__init__(message, path)
        self.reason = reason


class BusyError(FeatureError):
    """Somebody else is writing to the store."""


class CheckFailedError(FeatureError):
    """A check with severity `stop` found rows; yesterday stays published."""
