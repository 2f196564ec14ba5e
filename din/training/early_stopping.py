"""Validation after each epoch -> the weights of the one that ranked best, and when to stop."""

import math
from dataclasses import dataclass, field

import torch

from din.data.batch import Examples
from din.errors import DinError
from din.metrics import users_covered
from din.model.din import DIN
from din.training.curves import TrainingCurves


@dataclass
class BestEpoch:
    """The weights of the epoch that ranked the validation best, and by which GAUC. Epochs count from one; 0 is what the
    training started from. Without validation it is the last epoch, and the GAUC is NaN. `course` is how all went."""

    epoch: int = 0
    gauc: float = math.nan
    last: float = math.nan  # of the epoch before
    weights: dict[str, torch.Tensor] = field(default_factory=dict)
    course: TrainingCurves = field(default_factory=TrainingCurves)

    def goes_on(self, epoch: int, model: DIN, gauc: float) -> bool:
        """Keeps the weights where they rank better than all before, and says whether they rank better than those of the
        epoch before. What the training started from is no such epoch: it was learned at small steps, and the first of
        the large ones may well rank worse. Raises DinError where nothing can be said."""
        if math.isnan(gauc):
            raise DinError(
                "the validation says nothing: it needs users with positives and negatives, and scores that are numbers"
            )
        self.course.validated(epoch, gauc)
        if not gauc <= self.gauc:
            self.epoch, self.gauc = epoch, gauc
            self.weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        better = not gauc <= self.last
        self.last = gauc if epoch else math.nan
        return better

    def restore(self, model: DIN) -> None:
        if self.weights:
            model.load_state_dict(self.weights)

    @property
    def state(self) -> dict[str, float]:
        return {"epoch": self.epoch, "gauc": self.gauc, "last": self.last}


def validation_error(teach: Examples, valid: Examples) -> str | None:
    """Why `valid` is of no use beside what teaches, in words; None where it is of use."""
    if not len(valid):
        return "there are no examples on the days that validate"
    if not users_covered(valid.user_keys, valid.labels):
        return f"none of {len(valid)} examples is of a user with both a positive and a negative"
    if len(teach) < len(valid):
        return f"{len(teach)} examples are before the days that validate, and {len(valid)} on them"
    if teach.labels.min() == teach.labels.max():
        return f"the {len(teach)} examples before the days that validate are all of one label"
    return None
