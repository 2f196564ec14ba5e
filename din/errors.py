"""The exceptions of this package: what was wrong, where, and what to do."""


class DinError(Exception):
    """A mistake in what was handed to the model or found in a checkpoint; its text is for the user."""


class ScoreError(DinError):
    """A model gave a score that is not a number: its weights are damaged."""
