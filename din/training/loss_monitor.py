"""The losses of a training, looked at: each at once on a processor, some at a time where looking waits for a GPU."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from din.errors import DinError
from din.training.curves import TrainingCurves

# A GPU works behind the host by some steps. Each look drains what is queued, about a millisecond in which nothing new
# is handed over, so one in so many is little; and a training that went wrong goes on for no more than so many steps.
STEPS_PER_SYNC = {"cpu": 1, "cuda": 50}


@dataclass
class LossMonitor:
    """Of a training of so many `steps`. What was seen the `course` hears at once; it is told later, in order, by
    whoever trains."""

    steps: int
    every: int
    unseen: list[tuple[int, torch.Tensor]] = field(default_factory=list)
    seen: list[tuple[int, float]] = field(default_factory=list)
    course: TrainingCurves = field(default_factory=TrainingCurves)

    def note(self, number: int, loss: torch.Tensor) -> None:
        """Hears of the loss of a step before any weight changes by it."""
        self.unseen.append((number, loss.detach()))
        if len(self.unseen) >= self.every:
            self.look()

    def look(self) -> None:
        """Raises DinError where a loss is not a number, and names the first step that had one."""
        if not self.unseen:
            return
        losses = torch.stack([loss for _, loss in self.unseen]).tolist()
        found = [(number, loss) for (number, _), loss in zip(self.unseen, losses, strict=True)]
        self.unseen.clear()
        for number, loss in found:
            if not math.isfinite(loss):
                raise DinError(f"the loss became {loss} at step {number} of {self.steps}; lower train.learning_rate")
            self.course.hear(number, loss)
        self.seen += found

    def tell(self, on_step: Callable[[int, int, float], None]) -> None:
        """Hands over what was seen and not yet told: step, of how many, loss."""
        told, self.seen = self.seen, []
        for number, loss in told:
            on_step(number, self.steps, loss)
