"""Events that the activation unit sees alike are told once, and count as often as they are."""

import copy
from dataclasses import replace

import pytest
import torch

from din import DinConfig
from din.data.batch import JaggedHistory
from din.data.dedup_history import dedup_history, first_occurrences, unique_positions
from din.model.din import AttentionGroup
from tests.din.worlds import SMALL

DIFFERENT = 6


def test_what_is_alike_in_example_step_and_key_is_told_once() -> None:
    history = JaggedHistory(
        keys_N=torch.tensor([7, 3, 7, 7, 7, 3]),
        example_N=torch.tensor([0, 0, 0, 0, 2, 2]),
        age_N=torch.tensor([40.0, 9.0, 9.0, 9.0, 9.0, 8.0]),
    )

    told = dedup_history(history, step_N=torch.tensor([1, 0, 0, 0, 0, 0]))

    assert told.example_N.tolist() == [0, 0, 0, 2, 2]
    assert told.keys_N.tolist() == [3, 7, 7, 3, 7]
    assert told.age_N.tolist() == [9.0, 9.0, 40.0, 8.0, 9.0]
    assert told.times_N is not None
    assert told.times_N.tolist() == [1.0, 2.0, 1.0, 1.0, 1.0]
    assert unique_positions(history, None)[1].tolist() == [1, 3, 1, 1]


def test_two_unknown_goods_of_different_categories_are_not_alike() -> None:
    history = JaggedHistory(torch.zeros(3).long(), torch.zeros(3).long(), torch.ones(3), torch.tensor([2, 1, 2]))

    told = dedup_history(history, step_N=None)

    assert told.categories_N is not None
    assert told.times_N is not None
    assert sorted(zip(told.categories_N.tolist(), told.times_N.tolist(), strict=True)) == [(1, 1.0), (2, 2.0)]


@pytest.mark.parametrize("great", [9, 1 << 62], ids=["that leave room for places", "that leave none"])
def test_numbers_are_sorted_and_found_where_they_came_first(great: int) -> None:
    first_M, chosen_M = first_occurrences(torch.tensor([great, 5, great, 0, 5]))

    assert (first_M.tolist(), chosen_M.tolist()) == ([0, 1, 3], [3, 1, 0])


def test_of_no_history_nothing_is_told() -> None:
    nothing = JaggedHistory(torch.zeros(0).long(), torch.zeros(0).long(), torch.zeros(0))

    assert [len(column) for column in unique_positions(nothing, None)] == [0, 0]


@pytest.mark.parametrize("time_buckets", [0, 12])
@pytest.mark.parametrize("normalize", ["none", "softmax"])
@pytest.mark.parametrize("activation", ["dice", "prelu", "relu"])
@pytest.mark.parametrize("learns", [True, False], ids=["training", "evaluation"])
def test_pooled_gradients_and_statistics_are_those_of_each_event_by_itself(
    activation: str, normalize: str, time_buckets: int, learns: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(5)
    form = {"activation": activation, "attention_normalization": normalize, "time_buckets": time_buckets}
    config: DinConfig = replace(SMALL, attention_input="product", **form)  # type: ignore[arg-type]
    once = AttentionGroup(config, DIFFERENT).double().train(learns)
    with torch.no_grad():
        for parameter in once.parameters():
            parameter.copy_(torch.randn_like(parameter) / 2)
    each = copy.deepcopy(once)
    candidate_B = torch.tensor([1, 2, 3, 0, 5])
    example_N = torch.tensor([0] * 25 + [1] * 3 + [3] * 12)  # the third and the fifth have no history
    history = JaggedHistory(torch.randint(DIFFERENT, (40,)), example_N, torch.rand(40) * 90)
    assert len(unique_positions(history, once.placed.steps(history))[0]) < 36

    _, found_BD = once(candidate_B, history)
    monkeypatch.setattr(AttentionGroup, "in_blocks", lambda *_: False)
    _, expected_BD = each(candidate_B, history)

    torch.testing.assert_close(found_BD, expected_BD)
    of_pooled_BD = torch.randn_like(found_BD)
    torch.testing.assert_close(
        torch.autograd.grad(found_BD, list(once.parameters()), of_pooled_BD),
        torch.autograd.grad(expected_BD, list(each.parameters()), of_pooled_BD),
    )
    torch.testing.assert_close(dict(once.named_buffers()), dict(each.named_buffers()))
