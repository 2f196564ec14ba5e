"""Which epoch is kept, when training stops, and when a validation is of no use."""

import math

import numpy as np
import pytest

import din
from din import BestEpoch, DinError, Examples, Spans
from din.training.early_stopping import validation_error
from tests.din.worlds import ROWS, SMALL, model_of, world

TRAIN = din.TrainConfig(epochs=4, batch_size=16, checkpoint_every_steps=0)


def ranks(monkeypatch: pytest.MonkeyPatch, *gaucs: float) -> None:
    """What the validation says, one after the other."""
    said = iter(gaucs)
    monkeypatch.setattr("din.training.trainer.validation_gauc", lambda *_: next(said))


def kept(monkeypatch: pytest.MonkeyPatch, *gaucs: float, start: din.DIN | None = None) -> tuple[BestEpoch, din.DIN]:
    data, best = world(), BestEpoch()
    ranks(monkeypatch, *gaucs)
    return best, din.fit(SMALL, TRAIN, *data, ROWS, valid=data[0], start=start, best=best)


def test_it_is_told_which_epoch_was_kept_and_how_well_it_ranked(monkeypatch: pytest.MonkeyPatch) -> None:
    best, _ = kept(monkeypatch, 0.6, 0.7, 0.65)

    assert (best.epoch, best.gauc) == (2, 0.7)


def test_without_validation_the_last_epoch_is_kept() -> None:
    best = BestEpoch()

    din.fit(SMALL, TRAIN, *world(), ROWS, best=best)

    assert best.epoch == 4
    assert math.isnan(best.gauc)


def test_where_no_epoch_ranks_better_than_the_start_the_start_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    start = model_of(SMALL)

    best, model = kept(monkeypatch, 0.8, 0.6, 0.7, 0.65, start=start)

    assert (best.epoch, best.gauc) == (0, 0.8)
    assert all(
        (one == other).all()
        for one, other in zip(model.state_dict().values(), start.state_dict().values(), strict=True)
    )


def test_a_first_epoch_worse_than_the_start_does_not_stop_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    best, _ = kept(monkeypatch, 0.8, 0.6, 0.85, 0.9, 0.88, start=model_of(SMALL))

    assert (best.epoch, best.gauc) == (3, 0.9)


def test_a_validation_that_says_nothing_of_an_epoch_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DinError, match="the validation says nothing"):
        kept(monkeypatch, 0.6, math.nan)


def labelled(labels: list[int], users: list[int]) -> Examples:
    some = np.zeros(len(labels), np.int64)
    return Examples(np.array(users, np.int64), some, some, np.array(labels), some, Spans(some, some), Spans(some, some))


@pytest.mark.parametrize(
    ("teach", "valid", "reason"),
    [
        ([1, 0, 0], [1, 0], None),
        ([1, 0, 0], [], "there are no examples on the days that validate"),
        ([1, 0, 0], [1, 1], "none of 2 examples is of a user with both a positive and a negative"),
        ([1, 0], [1, 0, 0], "2 examples are before the days that validate, and 3 on them"),
        ([], [1, 0], "0 examples are before the days that validate, and 2 on them"),
        ([0, 0, 0], [1, 0], "the 3 examples before the days that validate are all of one label"),
    ],
)
def test_a_validation_that_is_of_no_use_is_told_with_the_reason(
    teach: list[int], valid: list[int], reason: str | None
) -> None:
    assert validation_error(labelled(teach, [7] * len(teach)), labelled(valid, [7] * len(valid))) == reason


def test_a_validation_needs_one_user_with_both_labels() -> None:
    teach = labelled([1, 0, 0, 1], [1, 1, 2, 2])

    assert validation_error(teach, labelled([1, 0], [1, 2])) == (
        "none of 2 examples is of a user with both a positive and a negative"
    )
    assert validation_error(teach, labelled([1, 0, 1], [1, 1, 2])) is None
