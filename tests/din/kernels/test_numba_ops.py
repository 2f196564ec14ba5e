"""What is compiled for the processor says what the plain formulas say, and where nothing is compiled they run."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from din.config import DinConfig, TrainConfig
from din.data.batch import JaggedHistory
from din.kernels import activation_kernels, numba_ops
from din.kernels.segment_ops import gather_rows
from din.model.activations import ReLU
from din.model.din import DIN, AttentionGroup
from din.model.tables import EMBEDDING_PARAMS
from din.training.embedding_optimizer import BatchRows, LazyAdam

needs_numba = pytest.mark.skipif(not numba_ops.NUMBA_AVAILABLE, reason="Numba is not installed")


@needs_numba
@pytest.mark.parametrize("normalize", ["softmax", "none"])
@pytest.mark.parametrize("activation", ["dice", "prelu", "relu"])
def test_without_numba_a_group_pools_the_same(activation: str, normalize: str, monkeypatch: pytest.MonkeyPatch) -> None:
    form = {"activation": activation, "attention_normalization": normalize}
    torch.manual_seed(4)
    group = AttentionGroup(DinConfig(embedding_dim=8, attention_hidden_units=(12, 6), **form), 30)  # type: ignore[arg-type]
    history = JaggedHistory(torch.randint(30, (200,)), torch.randint(9, (200,)).sort().values, torch.rand(200) * 90)

    def pooled() -> tuple[torch.Tensor, ...]:
        _, pooled_BD = group(torch.arange(9), history)
        return pooled_BD, *torch.autograd.grad(pooled_BD.square().sum(), list(group.parameters()))

    found = pooled()
    monkeypatch.setattr(numba_ops, "NUMBA_AVAILABLE", False)

    torch.testing.assert_close(found, pooled(), rtol=1e-4, atol=1e-4)


@needs_numba
def test_without_numba_the_tables_learn_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = []
    for here in (True, False):
        monkeypatch.setattr(numba_ops, "NUMBA_AVAILABLE", here)
        torch.manual_seed(4)
        model = DIN(DinConfig(embedding_dim=8), 30, 5)
        optimizer = LazyAdam(model, TrainConfig(), {table: np.full(30, 3.0) for table in EMBEDDING_PARAMS})
        keys_R, of_rows_RD = torch.tensor([1, 4, 7]), torch.randn(2, 3, 8)
        for number, of_row_RD in enumerate(of_rows_RD, 1):
            values_RD = model.goods.embedding.weight.detach()[keys_R]
            optimizer.step(number, 1e-2, {"goods": BatchRows(keys_R, values_RD, None)}, [of_row_RD])
        moved.append((model.goods.embedding.weight.detach(), optimizer.first["goods"], optimizer.second["goods"]))

    torch.testing.assert_close(moved[0], moved[1])


def test_the_gradient_of_rows_is_added_for_each_of_their_places() -> None:
    rows_RD = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)

    gather_rows(rows_RD, torch.tensor([2, 0, 2])).backward(torch.tensor([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]]))

    assert rows_RD.grad is not None
    assert rows_RD.grad.tolist() == [[10.0, 20.0], [0.0, 0.0], [101.0, 202.0]]


@needs_numba
def test_what_is_no_number_stays_no_number() -> None:
    """A training that has run away is known by its loss; a ReLU that made zero of it would hide that."""
    s_NH = np.array([[math.nan, -1.0], [2.0, math.inf]], np.float32)

    ReLU().in_blocks(torch.tensor([0.5, 0.5]), torch.ones(2)).arrived(s_NH, slice(0, 2))

    np.testing.assert_array_equal(s_NH, np.array([[math.nan, 0.0], [2.5, math.inf]], np.float32))


@needs_numba
@given(
    st.lists(st.floats(-(2.0**99), 2.0**99, width=32, allow_subnormal=False), min_size=1, max_size=40),
    st.floats(-20, 20, width=32),
)
def test_dice_in_float32_is_its_formula_however_large_the_numbers(numbers: list[float], level: float) -> None:
    s_NH, alpha = np.array(numbers, np.float32)[:, None], 0.25
    found_NH = np.empty_like(s_NH)
    fall_H, level_H, alpha_H = (np.array([of], np.float32) for of in (-1 / math.log(2), level, alpha))

    activation_kernels.dice(s_NH, fall_H, level_H, alpha_H, found_NH)

    with np.errstate(over="ignore"):
        p_NH = 1 / (1 + np.exp2(s_NH.astype(float) * float(fall_H[0]) + float(level_H[0])))
    np.testing.assert_allclose(found_NH, s_NH * (alpha + (1 - alpha) * p_NH), rtol=3e-5, atol=1e-30)


@needs_numba
@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("z", [-1000.0, -100.0, -1.0, 1.0, 100.0, 1000.0])
def test_the_gradient_of_dice_is_finite_however_far_a_number_is_from_the_others(z: float, kind: type) -> None:
    s_NH, of_value_NH, value_NH = (np.full((1, 8), number, kind) for number in (z, 10, 0))
    sums_4H = np.zeros((4, 8))
    scale_H, level_H, alpha_H = np.ones(8, kind), np.zeros(8, kind), np.full(8, 0.25, kind)

    activation_kernels.dice_backward(
        s_NH, of_value_NH, scale_H, scale_H / kind(-math.log(2)), level_H, alpha_H, value_NH, sums_4H
    )

    p = 1 / (1 + math.exp(-z)) if z > -500 else 0.0
    of_s = 10 * (0.25 + 0.75 * p + z * p * (1 - p) * 0.75)
    np.testing.assert_allclose(of_value_NH, np.full((1, 8), of_s), rtol=1e-5)
    np.testing.assert_allclose(sums_4H[1], np.full(8, 10 * z * (1 - p)), rtol=1e-5, atol=1e-12)
    assert np.isfinite(sums_4H).all()


@pytest.mark.parametrize("place", [-1, 3])
def test_an_example_that_is_not_there_is_refused(place: int) -> None:
    group = AttentionGroup(DinConfig(embedding_dim=4), 9)
    history = JaggedHistory(torch.tensor([1, 2]), torch.tensor([0, place]), torch.zeros(2))

    with pytest.raises(IndexError, match=f"of examples {min(place, 0)} to {max(place, 0)}, and there are 3"):
        group(torch.tensor([1, 2, 3]), history)


@needs_numba
def test_a_cache_that_can_be_neither_read_nor_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("numba.core.caching.FunctionCache.load_overload", refuse)
    monkeypatch.setattr("numba.core.caching.FunctionCache.save_overload", refuse)
    bias_H, s_NH = np.array([1.0, 2.0]), np.array([[1.0, 1.0]])

    numba_ops.compiled(activation_kernels.add_bias.py_func)(s_NH, bias_H)  # type: ignore[attr-defined]

    assert s_NH.tolist() == [[2.0, 3.0]]


@needs_numba
def test_what_was_compiled_is_kept_for_the_next_process(tmp_path: Path) -> None:
    program = """
import numpy as np
from din.kernels.activation_kernels import add_bias
add_bias(np.zeros((1, 2)), np.ones(2))
print(sum(add_bias.stats.cache_hits.values()), sum(add_bias.stats.cache_misses.values()))
"""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    said = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
        for _ in range(2)
    ]

    assert [each.stdout for each in said] == ["0 1\n", "1 0\n"]


@needs_numba
def test_what_cannot_be_kept_is_compiled_all_the_same() -> None:
    found: dict[str, object] = {}
    exec("def twice(x_N):\n    for n in range(len(x_N)):\n        x_N[n] *= 2\n", found)  # noqa: S102 of no file
    x_N = np.array([1.0, 2.0])

    numba_ops.compiled(found["twice"])(x_N)  # type: ignore[arg-type]

    assert x_N.tolist() == [2.0, 4.0]
