"""One pass of a GPU over all pairs of a candidate and a history item, for ranking: nothing in between is in memory.

What din/ranking/padded_pooling.py does in a dozen passes over [candidates, items, width] is one Triton kernel here: each program takes
some candidates of one user, walks over the user's items, takes each through the activation unit, and adds up the
weighed items. The first layer is in parts and not folded: folding saves a step between two products, and here there is
none. Off until it is measured to pay in the whole ranking (`FUSED` in din/ranking/user_batch.py; bench/gpu/__main__.py measures it).
Triton comes with torch where torch is for GPUs; nothing else in this package asks for it.

Shapes: K candidates and N items of all users end to end, k candidates of a program; D dimension, H and G the widths of
the activation unit's two layers. D, H and G are padded to powers of two of at least 16, with zeros, which add nothing.
"""

from dataclasses import dataclass
from typing import Any

import torch
import triton  # pyright: ignore[reportMissingImports]
import triton.language as tl  # pyright: ignore[reportMissingImports]
from torch.nn import functional

from din.model.activations import Dice, PReLU, ReLU
from din.model.din import AttentionGroup
from din.ranking.padded_pooling import CandidateBatch, HistoryBatch

# Of a program: the most at which the compiler for Hopper keeps all in registers with Dice and widths of 80 and 40, in
# either precision (Triton 3.9: 132 registers in bfloat16, 251 otherwise). Which is fastest was not measured.
CANDIDATES, WARPS = 32, 8
DEPTH = 2  # layers of the activation unit that the kernel goes through


def fits(group: AttentionGroup) -> bool:
    """Whether the kernel can do what this group asks for."""
    return group.pooling == "din" and group.unit.sees != "outer" and len(group.unit.layers()) == DEPTH


@dataclass(frozen=True)
class PoolByKernel:
    """`pooled_by_folding`, in one pass. `bf16`: products of matrices take bfloat16 and add up in float32; otherwise
    they take float32, which the tensor cores do in three products of narrower numbers (tf32x3)."""

    bf16: bool = False
    candidates: int = CANDIDATES
    warps: int = WARPS

    def __call__(self, group: AttentionGroup, wanted: CandidateBatch, items: HistoryBatch) -> torch.Tensor:
        """The history pooled for each candidate, float32 [K, D]. Raises ValueError where the group does not fit."""
        if not fits(group):
            raise ValueError("the kernel is for two layers over [u, v, u - v] or [u, v, u - v, u * v]")
        pooled_KD = torch.zeros_like(wanted.u_KD, dtype=torch.float32)
        blocks_U = (wanted.count_U + self.candidates - 1) // self.candidates
        user_P = torch.repeat_interleave(blocks_U)
        if len(user_P):
            number_P = torch.arange(len(user_P), device=user_P.device) - (blocks_U.cumsum(0) - blocks_U)[user_P]
            self.launch(group, wanted, items, pooled_KD, user_P, number_P)
        return pooled_KD

    def launch(
        self,
        group: AttentionGroup,
        wanted: CandidateBatch,
        items: HistoryBatch,
        pooled_KD: torch.Tensor,
        user_P: torch.Tensor,
        number_P: torch.Tensor,
    ) -> None:
        unit, dimension = group.unit, pooled_KD.shape[1]
        width_D, width_H, width_G = (
            max(triton.next_power_of_2(width), 16)
            for width in (dimension, len(unit.first.bias), unit.rest.get_parameter("0.weight").shape[0])
        )
        w_candidate, w_item = unit.of_one_alone()
        (first, second), (to_second, to_weight) = zip(*unit.layers(), strict=True)
        of_item_NH = items.seen_ND.float() @ w_item.T + unit.first.bias
        of_common = unit.of_common() if unit.sees == "product" else torch.zeros_like(w_candidate)
        kernel: Any = pool_histories
        kernel[(len(user_P),)](
            wanted.u_KD.float().contiguous(),
            items.v_ND.float().contiguous(),
            items.seen_ND.float().contiguous(),
            wide(of_item_NH, len(of_item_NH), width_H),
            items.times_N.float(),
            pooled_KD,
            user_P,
            number_P,
            *(of.contiguous() for of in (wanted.first_U, wanted.count_U, items.first_U, items.count_U)),
            wide(w_candidate.T, width_D, width_H),
            wide(of_common.T, width_D, width_H),
            wide(shape_of(first, to_second.in_features), 3, width_H),
            wide(to_second.weight.T, width_H, width_G),
            wide(to_second.bias[None], 1, width_G),
            wide(shape_of(second, to_weight.in_features), 3, width_G),
            wide(to_weight.weight, 1, width_G),
            to_weight.bias,
            dimension,
            self.candidates,
            width_D,
            width_H,
            width_G,
            dice=isinstance(first, Dice),
            product=unit.sees == "product",
            softmax=group.normalize == "softmax",
            narrow=self.bf16,
            num_warps=self.warps,
        )


def wide(values: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """The matrix with zeros below and to the right."""
    return functional.pad(values.float(), (0, columns - values.shape[1], 0, rows - values.shape[0])).contiguous()


def shape_of(activation: Dice | PReLU | ReLU, width: int) -> torch.Tensor:
    """Alpha, and scale and shift of what is normed, [3, H]. ReLU is PReLU with an alpha of zero."""
    if isinstance(activation, Dice):
        scale_H = torch.rsqrt(activation.running_var + activation.eps)
        return torch.stack([activation.alpha, scale_H, -activation.running_mean * scale_H])
    alpha_H = activation.alpha if isinstance(activation, PReLU) else activation.alpha.new_zeros(width)
    return torch.stack([alpha_H, torch.zeros_like(alpha_H), torch.zeros_like(alpha_H)])


@triton.jit
def activated(s_kH, alpha_H, scale_H, shift_H, dice: tl.constexpr):
    if dice:
        p_kH = tl.sigmoid(s_kH * scale_H[None, :] + shift_H[None, :])
        value_kH = s_kH * (alpha_H[None, :] + (1 - alpha_H[None, :]) * p_kH)
    else:
        value_kH = tl.where(s_kH > 0, s_kH, s_kH * alpha_H[None, :])
    return value_kH


@triton.jit
def product_of(left, right, narrow: tl.constexpr):
    if narrow:
        found = tl.dot(left.to(tl.bfloat16), right.to(tl.bfloat16))
    else:
        found = tl.dot(left, right, input_precision="tf32x3")
    return found


@triton.jit
def rows_of(shape_3H, h, width_H: tl.constexpr):
    return tl.load(shape_3H + h), tl.load(shape_3H + width_H + h), tl.load(shape_3H + 2 * width_H + h)


@triton.jit
def pool_histories(
    u_KD,
    v_ND,
    seen_ND,
    of_item_NH,
    times_N,
    pooled_KD,
    user_P,
    number_P,
    first_wanted_U,
    wanted_U,
    first_item_U,
    items_U,
    w_candidate_DH,
    w_common_DH,
    shape_3H,
    w_second_HG,
    b_second_G,
    shape_3G,
    w_weight_G,
    b_weight,
    dimension,
    candidates: tl.constexpr,
    width_D: tl.constexpr,
    width_H: tl.constexpr,
    width_G: tl.constexpr,
    dice: tl.constexpr,
    product: tl.constexpr,
    softmax: tl.constexpr,
    narrow: tl.constexpr,
):
    program = tl.program_id(0)
    user = tl.load(user_P + program)
    number_k = tl.load(number_P + program) * candidates + tl.arange(0, candidates)
    d, h, g = tl.arange(0, width_D), tl.arange(0, width_H), tl.arange(0, width_G)
    at_kD = (tl.load(first_wanted_U + user) + number_k)[:, None] * dimension + d[None, :]
    real_kD = (number_k < tl.load(wanted_U + user))[:, None] & (d < dimension)[None, :]
    own_kD = tl.load(u_KD + at_kD, mask=real_kD, other=0.0)
    candidate_DH = tl.load(w_candidate_DH + d[:, None] * width_H + h[None, :])
    common_DH = tl.load(w_common_DH + d[:, None] * width_H + h[None, :])
    second_HG = tl.load(w_second_HG + h[:, None] * width_G + g[None, :])
    bias_G, weight_G, bias = tl.load(b_second_G + g), tl.load(w_weight_G + g), tl.load(b_weight)
    alpha_H, scale_H, shift_H = rows_of(shape_3H, h, width_H)
    alpha_G, scale_G, shift_G = rows_of(shape_3G, g, width_G)
    alone_kH = product_of(own_kD, candidate_DH, narrow)
    sum_kD = tl.zeros([candidates, width_D], tl.float32)
    most_k = tl.full([candidates], float("-inf"), tl.float32)
    total_k = tl.zeros([candidates], tl.float32)
    first_item = tl.load(first_item_U + user)
    for number in range(tl.load(items_U + user)):
        item = first_item + number
        item_D = tl.load(v_ND + item * dimension + d, mask=d < dimension, other=0.0)
        s_kH = alone_kH + tl.load(of_item_NH + item * width_H + h)[None, :]
        if product:
            seen_D = tl.load(seen_ND + item * dimension + d, mask=d < dimension, other=0.0)
            s_kH += product_of(own_kD * seen_D[None, :], common_DH, narrow)
        value_kH = activated(s_kH, alpha_H, scale_H, shift_H, dice)
        s_kG = product_of(value_kH, second_HG, narrow) + bias_G[None, :]
        value_kG = activated(s_kG, alpha_G, scale_G, shift_G, dice)
        weight_k = tl.sum(value_kG * weight_G[None, :], axis=1) + bias
        times = tl.load(times_N + item)
        if softmax:  # the highest so far is taken off, and what was added before is put right when it rises
            weight_k += tl.log(times)
            higher_k = tl.maximum(most_k, weight_k)
            shrunk_k, part_k = tl.exp(most_k - higher_k), tl.exp(weight_k - higher_k)
            total_k = total_k * shrunk_k + part_k
            sum_kD = sum_kD * shrunk_k[:, None] + part_k[:, None] * item_D[None, :]
            most_k = higher_k
        else:
            sum_kD += (weight_k * times)[:, None] * item_D[None, :]
    if softmax:
        sum_kD = sum_kD / tl.where(total_k > 0, total_k, 1.0)[:, None]
    tl.store(pooled_KD + at_kD, sum_kD, mask=real_kD)
