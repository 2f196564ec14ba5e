"""In tiles a processor ranks by the same numbers as in large steps, whatever the sizes."""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch

import din
from din import Candidates
from din.config import DinConfig
from din.kernels import numba_ops
from din.kernels.tiled_mlp import TILE_POSITIONS, forward_hidden_layers, tiles_for
from din.kernels.tiled_ranking import CANDIDATES
from din.model.activations import Dice
from din.model.din import layers_of
from din.model.folded_mlp import FoldedMLP
from din.ranking.padded_pooling import CandidateBatch, HistoryBatch, pool_padded
from din.ranking.ranker import rank
from din.ranking.tiled_backend import pack_layers, pool_tiled
from din.ranking.user_batch import select_pool_backend
from tests.din.by_hand import assert_pools_as_folding, end_to_end
from tests.din.model.test_din import SHAPES, SMALL
from tests.din.model.test_folded_mlp import learned
from tests.din.ranking.test_user_batch import crowd
from tests.din.worlds import model_of

pytestmark = pytest.mark.skipif(not numba_ops.NUMBA_AVAILABLE, reason="Numba is not installed")
IN_TILES = [shape for shape, form in SHAPES.items() if form.get("attention_input") != "outer" and "pooling" not in form]
ODD: list[dict[str, Any]] = [
    {},
    {"embedding_dim": 20, "attention_hidden_units": (33, 7)},
    {"embedding_dim": 3, "attention_hidden_units": (5,)},
    {"embedding_dim": 8, "attention_hidden_units": (16, 9, 4)},
]


@pytest.mark.parametrize("changed", ODD, ids=str)
@pytest.mark.parametrize("shape", IN_TILES)
def test_histories_are_pooled_as_in_large_steps(shape: str, changed: dict[str, Any]) -> None:
    assert_pools_as_folding(pool_tiled, model_of(replace(SMALL, **SHAPES[shape] | changed)), crowd(users=12))


@torch.inference_mode()
@pytest.mark.parametrize("normalize", ["softmax", "none"])
def test_users_with_many_candidates_or_items_or_none_of_either_are_pooled_for(normalize: str) -> None:
    group = model_of(replace(SMALL, attention_input="product", attention_normalization=normalize)).goods  # type: ignore[arg-type]
    torch.manual_seed(0)
    wanted = CandidateBatch(*end_to_end([2 * CANDIDATES + 3, 0, 1, 17, 64], SMALL.embedding_dim))
    v_ND, *edges = end_to_end([3, 2, 2 * TILE_POSITIONS + 1, 0, TILE_POSITIONS], SMALL.embedding_dim)
    items = HistoryBatch(v_ND, torch.randn_like(v_ND), torch.randint(1, 5, (len(v_ND),)), *edges)

    found_KD = pool_tiled(group, wanted, items)

    assert torch.allclose(found_KD, pool_padded(group, wanted, items), rtol=1e-4, atol=1e-5)
    assert not found_KD[2 * CANDIDATES + 4 : 2 * CANDIDATES + 21].any()  # without a history


def through_tiles(net: torch.nn.Sequential, inputs_NI: torch.Tensor) -> torch.Tensor:
    """What a net gives, its layers after the first in tiles."""
    first, *rest = net
    after = FoldedMLP(layers_of(rest))
    given = pack_layers(first.get_parameter("weight"), first.get_parameter("bias"), after)
    _, tiles_LHP = tiles_for(given)
    raw_P, first_HN = np.zeros(TILE_POSITIONS, np.float32), (first(inputs_NI) * after.before_H).T.numpy()
    tiles_LHP[0, : first_HN.shape[0], : first_HN.shape[1]] = first_HN
    forward_hidden_layers(given, tiles_LHP, raw_P, TILE_POSITIONS)
    return torch.from_numpy(raw_P[: len(inputs_NI)])


@torch.inference_mode()
@pytest.mark.parametrize("activation", ["dice", "prelu", "relu"])
def test_every_value_is_that_of_the_layers(activation: Literal["dice", "prelu", "relu"]) -> None:
    net, inputs_NI = learned(activation), torch.randn(99, 4).double() * 3
    exact_N = net(inputs_NI).squeeze(1)

    assert torch.allclose(through_tiles(net.float(), inputs_NI.float()).double(), exact_N, rtol=1e-5, atol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize(("variance", "alpha"), [(1e-9, 0.25), (4.0, 1.0), (1e9, -2.0)])
def test_dice_is_near_where_numbers_hardly_varied_or_it_has_become_linear(variance: float, alpha: float) -> None:
    net, inputs_NI = learned("dice"), torch.randn(99, 4).double() * 3
    for layer in net:
        if isinstance(layer, Dice):
            layer.running_var.fill_(variance)
            layer.alpha.fill_(alpha)
    exact_N = net(inputs_NI).squeeze(1)

    assert torch.allclose(through_tiles(net.float(), inputs_NI.float()).double(), exact_N, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("shape", ["as it comes", "all"])
def test_no_bit_of_a_score_depends_on_who_and_what_else_is_ranked(shape: str) -> None:
    model = model_of(replace(SMALL, **SHAPES[shape]))
    (candidates, goods, shops), random = crowd(), np.random.default_rng(1)
    of_all, _ = rank(model, candidates, goods, shops, k=99)
    score = dict(zip(of_all.candidate.tolist(), of_all.score.tolist(), strict=True))

    for user in range(len(candidates.user_keys)):
        own = np.arange(candidates.offsets[user], candidates.offsets[user + 1])
        some = np.sort(random.choice(own, random.integers(1, len(own) + 1), replace=False))
        alone = Candidates(
            candidates.user_keys[user : user + 1],
            np.array([0, len(some)]),
            candidates.goods_keys[some],
            candidates.shop_keys[some],
            candidates.goods_spans.row(user),
            candidates.shop_spans.row(user),
            candidates.as_of,
        )
        found, _ = rank(model, alone, goods, shops, k=99)
        assert found.score.tolist() == [score[place] for place in some[found.candidate].tolist()]


@pytest.mark.parametrize(
    ("config", "precision", "in_tiles"),
    [
        (SMALL, "fp32", True),
        (SMALL, "auto", True),
        (SMALL, "bf16", False),
        (replace(SMALL, attention_input="outer"), "fp32", False),
    ],
)
def test_what_is_not_for_tiles_is_folded(config: DinConfig, precision: Any, in_tiles: bool) -> None:
    assert (select_pool_backend(model_of(config), precision) is pool_tiled) is in_tiles


def test_the_outer_product_is_refused() -> None:
    model = model_of(replace(SMALL, attention_input="outer"))

    with pytest.raises(ValueError, match="tiles are for an activation unit over"):
        rank(model, *crowd(), k=5, pool=pool_tiled)


DICE_OF_ONE = """
import numpy as np
from din.kernels.tiled_mlp import DICE, activate
s_HP = np.ones((1, 64), np.float32)
activate(1, DICE, np.array([[0], [0]], np.float32), s_HP, 64)
print(round(float(s_HP[0, 0]), 3))
"""


def test_what_was_compiled_is_not_kept_when_what_it_calls_in_another_file_changes(tmp_path: Path) -> None:
    shutil.copytree(Path(din.__file__).parent, tmp_path / "din", ignore=shutil.ignore_patterns("__pycache__"))
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    called = tmp_path / "din" / "kernels" / "activation_kernels.py"

    def value() -> str:
        command = [sys.executable, "-c", DICE_OF_ONE]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    before = value()
    called.write_text(called.read_text().replace("    return power *", "    return np.float32(3) * power *"))

    assert (before, value()) == ("0.731\n", "0.475\n")  # 1 / (1 + e^-1), and with 3 e^-1


def test_a_package_in_a_zip_is_imported_though_it_has_no_files_to_tell_a_change_by(tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / "lib"), "zip", Path(din.__file__).parent.parent, "din")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "lib.zip")}
    command = [sys.executable, "-c", "import din.ranking.user_batch as it; print(it.__file__)"]

    found = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert found == f"{tmp_path}/lib.zip/din/ranking/user_batch.py\n"


FOR_INTEL = """
from din.kernels.activation_kernels import prelu
from din.kernels.tiled_mlp import activate
activate.compile("void(int64, int64, float32[:, ::1], float32[:, ::1], int64)")
prelu.compile("void(float32[:, ::1], float32[::1], float32[:, ::1])")
print(*("zmm" in next(iter(each.inspect_asm().values())) for each in (activate, prelu)))
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="what is compiled for Intel is compiled on x86-64")
def test_passes_of_much_arithmetic_take_vectors_of_512_bits_where_a_processor_has_them(tmp_path: Path) -> None:
    intel = {"NUMBA_CPU_NAME": "skylake-avx512", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", FOR_INTEL]

    found = subprocess.run(command, env=os.environ | intel, capture_output=True, text=True, check=True).stdout

    assert found == "True False\n"
