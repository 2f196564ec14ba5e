"""How the stages of a night, a training or a backfill are run: how long each takes, and which is worth trying again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import wraps
from random import uniform
from typing import Any

import features
from flows.runtime.progress import log

Step = Callable[[Callable[..., Any]], Callable[..., Any]]


# A night may have been published by these before they fail, and must not be ranked anew; a day of a backfill holds the
# store's lock for itself, and says for each asset whether it was built.
NO_RETRY = ("publish", "catch_up", "backfill_days")
FIRST_WAIT_SECONDS = 10.0
MAX_RETRIES = 3
JITTER = 1.0  # each wait may be longer by up to so much of it, so that not all come back at once


def retry_delays(stage: Callable[..., Any]) -> list[float]:
    """The seconds to wait before each further try of a stage, each twice the one before; jitter comes on top."""
    return [] if stage.__name__ in NO_RETRY else [FIRST_WAIT_SECONDS * 2**n for n in range(MAX_RETRIES)]


def with_retries(stage: Callable[..., Any]) -> Callable[..., Any]:
    """Runs a stage as it is, without Prefect; again where what stopped it may pass by itself."""

    @wraps(stage)
    def tried(*given: Any) -> Any:
        for seconds in retry_delays(stage):
            try:
                return stage(*given)
            except Exception as error:
                if not features.is_transient(error):
                    raise
                wait = seconds * (1 + uniform(0, JITTER))  # noqa: S311 - no secret
                log.warning("stage_again", stage=stage.__name__, in_seconds=wait, error=str(error).partition("\n")[0])
            time.sleep(wait)
        return stage(*given)

    return tried


@dataclass
class StageTimer:
    """The seconds of each stage of a night in their order, and the name of the last that began."""

    seconds: dict[str, float] = field(default_factory=dict)
    at: str = ""
    began: float = 0.0

    def timed(self, step: Step) -> Step:
        """The same way to run a stage, with a watch on it."""

        def begin(stage: Callable[..., Any]) -> Callable[..., Any]:
            run = step(stage)

            def watched(*given: Any) -> Any:
                self.at, self.began = stage.__name__, time.monotonic()
                try:
                    return run(*given)
                finally:
                    self.seconds = self.so_far()

            return watched

        return begin

    def so_far(self) -> dict[str, float]:
        """With the seconds until now of the stage that is under way."""
        return self.seconds | {self.at: time.monotonic() - self.began}


def in_groups(days: list[date], most: int) -> list[list[date]]:
    """The days in order, in at most so many groups."""
    size = -(-len(days) // most) or 1
    return [days[start : start + size] for start in range(0, len(days), size)]
