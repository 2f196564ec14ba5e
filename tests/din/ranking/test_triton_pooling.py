"""The kernel, as the plain way; on a processor by Triton's interpreter."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from din import DinConfig
from din.kernels import numba_ops
from din.ranking.padded_pooling import CandidateBatch, HistoryBatch, pool_padded
from din.ranking.ranker import rank
from din.ranking.tiled_backend import pool_tiled
from din.ranking.user_batch import select_pool_backend
from tests.din.by_hand import assert_pools_as_folding, end_to_end
from tests.din.model.test_din import SHAPES
from tests.din.ranking.test_user_batch import crowd
from tests.din.worlds import SMALL, model_of

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # before triton is imported
pytest.importorskip("triton", reason="triton does not import here: it comes with torch for GPUs, and is for Linux")
if not torch.cuda.is_available():
    pytest.importorskip("triton", "3.7")  # those before cannot interpret a loop beside NumPy 2.4
from din.ranking.triton_pooling import PoolByKernel, fits

ON_A_GPU = torch.cuda.is_available()
pytestmark = [pytest.mark.gpu] if ON_A_GPU else []
DEVICE = "cuda" if ON_A_GPU else "cpu"
KERNEL = PoolByKernel(candidates=16)
FITTING = ["din", "softmax", "prelu", "relu", "product", "as it comes", "placed"]


@pytest.mark.parametrize("shape", FITTING)
@pytest.mark.parametrize(
    "changed", [{}, {"embedding_dim": 20, "attention_hidden_units": (33, 7)}], ids=["small", "odd"]
)
def test_histories_are_pooled_as_in_many_passes(shape: str, changed: dict) -> None:
    config = replace(SMALL, **SHAPES[shape], **changed)

    assert_pools_as_folding(KERNEL, model_of(config).to(DEVICE), crowd(users=6))


def test_more_candidates_than_a_program_takes_are_taken_by_several() -> None:
    group = model_of(replace(SMALL, attention_input="product")).to(DEVICE).goods
    torch.manual_seed(0)
    wanted = CandidateBatch(*end_to_end([40, 0, 16, 17, 3], SMALL.embedding_dim, DEVICE))
    v_ND, *edges = end_to_end([3, 2, 1, 0, 5], SMALL.embedding_dim, DEVICE)
    items = HistoryBatch(v_ND, v_ND, torch.arange(1, len(v_ND) + 1, device=DEVICE), *edges)

    with torch.inference_mode():
        assert torch.allclose(KERNEL(group, wanted, items), pool_padded(group, wanted, items), atol=1e-4)


COMPILED = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from din.kernels import pool_histories

names = pool_histories.arg_names
sizes = dict(candidates=32, width_D=32, width_H=128, width_G=64)
for dice, product, softmax, narrow in ((True, True, False, True), (False, False, True, False)):
    fixed = sizes | dict(dice=dice, product=product, softmax=softmax, narrow=narrow)
    kinds = dict.fromkeys(names, "*fp32") | {name: "*i64" for name in names if name[-2:] in ("_P", "_U")}
    kinds |= {"embedding_dim": "i32"} | dict.fromkeys(fixed, "constexpr")
    source = ASTSource(pool_histories, kinds, {(names.index(name),): value for name, value in fixed.items()})
    print(len(triton.compile(source, GPUTarget("cuda", 90, 32), {"num_warps": 8}).asm["cubin"]) > 0)
"""


@pytest.mark.skipif(ON_A_GPU, reason="the others compile it where there is a GPU")
def test_it_compiles_for_a_gpu_that_is_not_here(tmp_path: Path) -> None:
    compiling = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    where = {"TRITON_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", COMPILED],
        env=compiling | where,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == ["True", "True"], done.stderr


@pytest.mark.gpu
@pytest.mark.skipif(not ON_A_GPU, reason="no GPU; Triton's interpreter multiplies bfloat16 as if it were integers")
def test_in_bfloat16_it_is_near() -> None:
    model, (candidates, *sequences) = model_of(replace(SMALL, attention_input="product")).cuda(), crowd(users=9)

    plain, _ = rank(model, candidates, *sequences, k=99)
    found, _ = rank(model, candidates, *sequences, k=99, pool=replace(KERNEL, bf16=True))

    order, its = np.argsort(found.candidate), np.argsort(plain.candidate)
    assert np.abs(found.score[order] - plain.score[its]).max() < 0.02


@pytest.mark.parametrize(
    "changed", [{"attention_input": "outer"}, {"attention_hidden_units": (8,)}, {"pooling": "mean"}], ids=str
)
def test_what_it_cannot_do_it_says(changed: dict) -> None:
    config: DinConfig = replace(SMALL, **changed)

    assert not fits(model_of(config).goods)


def test_ranking_takes_it_where_it_fits_once_it_is_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert select_pool_backend(model_of(SMALL), "fp32") is (pool_tiled if numba_ops.NUMBA_AVAILABLE else pool_padded)

    monkeypatch.setattr("din.ranking.user_batch.USE_TRITON", True)

    assert select_pool_backend(model_of(SMALL), "fp32") == PoolByKernel()
    assert select_pool_backend(model_of(replace(SMALL, attention_input="outer")), "fp32") is pool_padded
