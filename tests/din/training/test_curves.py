"""The curves of a training: every loss counts once, and epochs are what they were."""

from dataclasses import replace

import numpy as np
import pytest

import din
from din.training.curves import MAX_POINTS, TrainingCurves
from din.training.early_stopping import BestEpoch
from din.training.trainer import STEPS_PER_SYNC
from tests.din.training.test_trainer import TRAIN
from tests.din.worlds import ROWS, SMALL, world


def test_losses_are_means_of_slices_and_of_epochs() -> None:
    course = TrainingCurves().begin(steps=4, an_epoch=2)
    for step, loss in enumerate([4.0, 2.0, 1.0, 0.5], start=1):
        course.hear(step, loss)
        if step % 2 == 0:
            course.validated(step // 2, step / 10)

    assert course.curves == {
        "losses": [[1, 4.0], [2, 2.0], [3, 1.0], [4, 0.5]],
        "epochs": [
            {"epoch": 1, "loss": 3.0, "valid_gauc": 0.2},
            {"epoch": 2, "loss": 0.75, "valid_gauc": 0.4},
        ],
    }


@pytest.mark.parametrize("steps", [1, 99, 100, 101, 250, 12_345])
def test_no_training_has_more_than_a_hundred_points_and_every_step_is_in_one(steps: int) -> None:
    course = TrainingCurves().begin(steps, an_epoch=-(-steps // 3))
    for step in range(1, steps + 1):
        course.hear(step, 1.0)

    assert len(course.slices) == min(MAX_POINTS, steps)
    assert sum(count for _, _, count in course.slices) == steps
    assert course.curves["losses"][-1] == [steps, 1.0]
    assert sum(count for _, _, count, _ in course.epochs) == steps


@pytest.mark.parametrize("look", [1, 4])
def test_the_curves_of_a_training_are_of_the_losses_it_told(monkeypatch: pytest.MonkeyPatch, look: int) -> None:
    monkeypatch.setitem(STEPS_PER_SYNC, "cpu", look)
    data, losses, best = world(), [], BestEpoch()

    din.fit(SMALL, replace(TRAIN, epochs=2), *data, ROWS, lambda *step: losses.append(step[2]), data[0], best=best)

    curves = best.course.curves
    assert [loss for _, loss in curves["losses"]] == losses
    an_epoch = -(-len(data[0]) // TRAIN.batch_size)
    assert [one["epoch"] for one in curves["epochs"]] == list(range(1, len(losses) // an_epoch + 1))
    assert curves["epochs"][0]["loss"] == pytest.approx(np.mean(losses[:an_epoch]))
    assert curves["epochs"][best.epoch - 1]["valid_gauc"] == best.gauc
