"""The exceptions of the feature store. Their text is for the user: what was wrong, where, and what to do."""


class FeatureError(Exception):
    """A user's mistake, or a store that cannot do what was asked; nothing has been half-written."""


class BusyError(FeatureError):
    """Somebody else is writing to the store."""


class StoppedByCheck(FeatureError):
    """A check with severity `stop` found rows; yesterday stays published."""
