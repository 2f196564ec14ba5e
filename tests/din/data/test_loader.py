"""Batches cut where the model is: those that din.batches cuts."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from din import DinError, EventSequence, Examples, Spans
from din.data.batch import Batch
from din.data.loader import BatchLoader
from tests.din.by_hand import cut_batch
from tests.din.worlds import AS_OF, world

CPU = torch.device("cpu")


def flat(batch: Batch) -> list[torch.Tensor]:
    tensors = [batch.goods_B, batch.shop_B, batch.user_B, *batch.goods_history, *batch.shop_history]
    return [tensor for tensor in tensors if tensor is not None]


def same(one: Batch, other: Batch) -> bool:
    return all(a.dtype == b.dtype and torch.equal(a, b) for a, b in zip(flat(one), flat(other), strict=True))


@pytest.mark.parametrize("lengths", [(100, 100), (5, 2), (1, 1)])
@pytest.mark.parametrize("seed", range(5))
def test_a_batch_is_the_one_that_is_cut_on_the_other_side(seed: int, lengths: tuple[int, int]) -> None:
    data = world(users=30, seed=seed)
    order = np.random.default_rng(seed).permutation(len(data[0]))[:101]

    fed = list(BatchLoader(*data, lengths, CPU).batches(order, 16))

    assert [len(labels_B) for _, labels_B in fed] == [16] * 6 + [5]
    for number, (batch, labels_B) in enumerate(fed):
        rows = order[number * 16 : number * 16 + 16]
        assert same(batch, cut_batch(rows, *data, lengths))
        assert labels_B.tolist() == data[0].labels[rows].tolist()


def test_there_are_no_batches_of_no_examples() -> None:
    assert list(BatchLoader(*world(), (9, 9), CPU).batches(np.zeros(0, np.int64), 4)) == []


def one_event_at(ts: int) -> tuple[Examples, EventSequence, EventSequence]:
    one, span = np.array([1]), Spans(np.array([0]), np.array([1]))
    nothing = Spans(np.array([0]), np.array([0]))
    sequence = EventSequence(np.array([1], np.int32), np.array([ts]))
    return Examples(one, one, one, one, np.array([AS_OF]), span, nothing), sequence, sequence


def test_an_event_that_is_not_past_is_refused_before_anything_is_cut() -> None:
    BatchLoader(*one_event_at(AS_OF - 1), (9, 9), CPU)

    with pytest.raises(DinError, match="not strictly before"):
        BatchLoader(*one_event_at(AS_OF), (9, 9), CPU)


def test_arrays_that_must_not_change_are_read_as_they_are(recwarn: pytest.WarningsRecorder) -> None:
    examples, goods, shops = world()
    keys = goods.keys.copy()
    keys.flags.writeable = False

    [(batch, _)] = BatchLoader(examples, replace(goods, keys=keys), shops, (9, 9), CPU).batches(np.arange(8), 8)

    assert same(batch, cut_batch(np.arange(8), examples, goods, shops, (9, 9)))
    assert not recwarn.list
