"""The losses of a training's steps and the validation of its epochs -> its curves, as metrics.json keeps them."""

import math
from dataclasses import dataclass, field
from typing import Any

MAX_POINTS = 100


@dataclass
class TrainingCurves:
    """How a training went: the mean loss of each hundredth of its steps, and of each epoch the mean loss and the GAUC
    on the validation. Plain lists, which are kept with a training under way.

    `slices`: [last step, sum of losses, steps]. `epochs`: [epoch, sum of losses, steps, GAUC]; the GAUC is NaN where
    nothing validated, and epoch 0 is what a warm training started from.
    """

    steps: int = 1
    an_epoch: int = 1
    slices: list[list[float]] = field(default_factory=list)
    epochs: list[list[float]] = field(default_factory=list)

    def begin(self, steps: int, an_epoch: int) -> "TrainingCurves":
        self.steps, self.an_epoch = steps, an_epoch
        return self

    def hear(self, step: int, loss: float) -> None:
        """Steps count from one and come in order."""
        if not self.slices or self.of_slice(step) != self.of_slice(int(self.slices[-1][0])):
            self.slices.append([step, 0.0, 0])
        self.slices[-1][0] = step
        self.slices[-1][1] += loss
        self.slices[-1][2] += 1
        epoch = self.epoch((step - 1) // self.an_epoch + 1)
        epoch[1] += loss
        epoch[2] += 1

    def of_slice(self, step: int) -> int:
        return (step - 1) * min(MAX_POINTS, self.steps) // self.steps

    def validated(self, epoch: int, gauc: float) -> None:
        self.epoch(epoch)[3] = gauc

    def epoch(self, number: int) -> list[float]:
        if not self.epochs or self.epochs[-1][0] != number:
            self.epochs.append([number, 0.0, 0, math.nan])
        return self.epochs[-1]

    @property
    def curves(self) -> dict[str, Any]:
        """`losses`: [step, mean loss of the steps up to it since the point before]. `epochs`: by name; the loss of
        epoch 0 is NaN, since it had no steps."""
        return {
            "losses": [[int(step), total / steps] for step, total, steps in self.slices],
            "epochs": [
                {"epoch": int(epoch), "loss": total / steps if steps else math.nan, "valid_gauc": gauc}
                for epoch, total, steps, gauc in self.epochs
            ],
        }
