"""How the stages of a night, a training or a backfill are run, one after the other, and how long each takes."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Step = Callable[[Callable[..., Any]], Callable[..., Any]]


def plainly(stage: Callable[..., Any]) -> Callable[..., Any]:
    """Runs a stage as it is, without Prefect."""
    return stage


@dataclass
class Stages:
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
