"""The activation unit in blocks: values and gradients are those of the formula, whatever the blocks."""

import copy

import pytest
import torch

from din import DinConfig
from din.kernels import blocked_attention
from din.kernels.blocked_attention import WeightedSumFunction
from din.model.din import ActivationUnit

EXAMPLES, POSITIONS, ROWS = 7, 50, 9


@pytest.mark.parametrize("learns", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("sees", ["difference", "product"])
@pytest.mark.parametrize("activation", ["dice", "prelu", "relu"])
@pytest.mark.parametrize("looks_up", [True, False], ids=["looked up", "worked out"])
@pytest.mark.parametrize("positions_of_a_block", [1, 16, 4096])
def test_weights_gradients_and_statistics_are_those_of_the_formula(
    activation: str, sees: str, learns: bool, looks_up: bool, positions_of_a_block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocked_attention, "BLOCK_POSITIONS", positions_of_a_block)
    torch.manual_seed(3)
    config = DinConfig(embedding_dim=4, attention_hidden_units=(6, 5, 3), attention_input=sees, activation=activation)  # type: ignore[arg-type]
    plain = ActivationUnit(config).double().train(learns)
    with torch.no_grad():
        for parameter in plain.parameters():
            parameter.copy_(torch.randn_like(parameter) / 2)
    in_blocks = copy.deepcopy(plain)
    u_BD, table_RD, times_RD, of_raw_N = (
        torch.randn(*shape, dtype=torch.double, requires_grad=True)
        for shape in ((EXAMPLES, 4), (ROWS, 4), (3, 4), (POSITIONS,))
    )
    example_N = torch.randint(EXAMPLES, (POSITIONS,)).sort().values
    place_N, time_N = torch.randint(ROWS, (POSITIONS,)), torch.randint(3, (POSITIONS,))
    v_ND = table_RD[place_N] + times_RD[time_N]

    expected = plain(u_BD, v_ND, example_N)
    looked_up = [(table_RD, place_N), (times_RD, time_N)] if looks_up else []
    found = in_blocks.in_blocks(u_BD, v_ND, example_N, looked_up)

    torch.testing.assert_close(found, expected)
    inputs = [u_BD, table_RD, times_RD]
    of_expected = torch.autograd.grad(expected, [*inputs, *plain.parameters()], of_raw_N, retain_graph=True)
    of_found = torch.autograd.grad(found, [*inputs, *in_blocks.parameters()], of_raw_N, retain_graph=True)
    torch.testing.assert_close(of_found, of_expected)
    again = torch.autograd.grad(found, [*inputs, *in_blocks.parameters()], of_raw_N, retain_graph=True)
    assert all(torch.equal(one, other) for one, other in zip(again, of_found, strict=True))
    torch.testing.assert_close(dict(in_blocks.named_buffers()), dict(plain.named_buffers()))


def test_no_position_gives_no_weight_and_no_gradient() -> None:
    unit = ActivationUnit(DinConfig(embedding_dim=4)).train()
    u_BD = torch.randn(2, 4, requires_grad=True)
    nothing_ND, nowhere_N = torch.zeros(0, 4), torch.zeros(0, dtype=torch.long)

    weights = unit.in_blocks(u_BD, nothing_ND, nowhere_N, [])

    assert weights.tolist() == []
    assert torch.autograd.grad(weights.sum(), u_BD)[0].tolist() == [[0.0] * 4] * 2


def test_pooling_is_the_weighted_sum_of_each_example_and_its_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocked_attention, "BLOCK_POSITIONS", 3)
    weights = torch.tensor([1.0, 2.0, -1.0, 0.5], dtype=torch.double, requires_grad=True)
    v = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0], [4.0, 0.0]], dtype=torch.double, requires_grad=True)
    example = torch.tensor([0, 0, 2, 2])

    assert WeightedSumFunction.apply(weights, v, example, 3).tolist() == [[1.0, 2.0], [0.0, 0.0], [0.0, -2.0]]
    assert torch.autograd.gradcheck(lambda w, v: WeightedSumFunction.apply(w, v, example, 3), (weights, v))
