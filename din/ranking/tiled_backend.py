"""Ranking on a processor: a model's parameters and some users' candidates, given to what is compiled in
din/kernels/tiled_ranking.py. The shapes are as there.
"""

import numpy as np
import torch

from din import device
from din.config import Precision
from din.kernels import numba_ops, tiled_ranking
from din.kernels.numba_ops import as_numpy
from din.kernels.tiled_mlp import ROWS, Layers, round_up
from din.model.din import DIN, AttentionGroup, layers_of
from din.model.folded_mlp import FoldedMLP
from din.precision import can_use_bf16
from din.ranking.padded_pooling import CandidateBatch, HistoryBatch, PairwiseAttention


def can_score(model: DIN, precision: Precision) -> bool:
    """Whether candidates can be scored in tiles: in float32, by a net with layers, on a processor that has Numba."""
    weight = model.goods.embedding.weight
    if not numba_ops.NUMBA_AVAILABLE or not device.on_processor(weight) or weight.dtype is not torch.float32:
        return False
    return len(model.top) > 1 and not can_use_bf16(precision, weight.device)


def can_pool(model: DIN, precision: Precision) -> bool:
    """Whether histories can be pooled so too: not over the outer product, which is folded."""
    return can_score(model, precision) and model.config.attention_input != "outer"


def pool_tiled(group: AttentionGroup, wanted: CandidateBatch, items: HistoryBatch) -> torch.Tensor:
    """As `pool_padded`, float32 [K, D]. Raises ValueError where the group takes the outer product."""
    if group.unit.sees == "outer":
        raise ValueError("tiles are for an activation unit over [u, v, u - v] or [u, v, u - v, u * v]")
    pair = PairwiseAttention(group.unit)
    alone = (pair.w_candidate, pair.w_item)
    pooled_KD = torch.zeros_like(wanted.u_KD)
    tiled_ranking.pool_histories(
        pack_layers(pair.w_common, pair.bias_H, pair.net),
        *(pad_to(weight, *(round_up(size, ROWS) for size in weight.shape)) for weight in alone),
        CandidateBatch._make(as_numpy(of) for of in wanted),
        HistoryBatch._make(as_numpy(of) for of in items._replace(times_N=items.times_N.float())),
        group.normalize == "softmax",
        as_numpy(pooled_KD),
    )
    return pooled_KD


def scores(
    model: DIN,
    parts: tuple[torch.Tensor, ...],
    user_UD: torch.Tensor | None,
    user_K: torch.Tensor,
    step_K2: torch.Tensor | None,
) -> torch.Tensor:
    """Each candidate's, [K], as the sigmoid of `DIN.logits`; of the users and of the candidates' matches where the
    model has them. The parts are [K, D]: goods, what was pooled for them, shops, what was pooled for them."""
    first, *rest = model.top
    net = FoldedMLP(layers_of(rest))
    weight, bias_H = first.get_parameter("weight") * net.before_H[:, None], first.get_parameter("bias") * net.before_H
    of_step_SH = bias_H.new_zeros(0, len(bias_H)) if model.matches is None else model.matches.of_step * net.before_H
    score_K = user_K.new_empty(len(user_K), dtype=torch.float32)
    tiled_ranking.score_candidates(
        pack_layers(weight, bias_H, net),
        tuple(as_numpy(part_KD) for part_KD in parts),
        as_numpy(parts[0].new_zeros(len(user_K), 0) if user_UD is None else user_UD),
        as_numpy(user_K),
        as_numpy(of_step_SH),
        as_numpy(user_K.new_zeros(len(user_K), 0) if step_K2 is None else step_K2),
        as_numpy(score_K),
    )
    return score_K


def pack_layers(first_HE: torch.Tensor, bias_H: torch.Tensor, net: FoldedMLP) -> Layers:
    """A net and the layer before it."""
    weights = [first_HE, *net.weights]
    sizes_L2 = np.array(
        [[round_up(rows, ROWS), round_up(columns, ROWS)] for rows, columns in (of.shape for of in weights)]
    )
    rows, columns = sizes_L2.max(axis=0)
    settings = [of.settings_2H.expand(2, len(weight)) for of, weight in zip(net.settled, weights, strict=True)]
    return Layers(
        sizes_L2,
        np.stack([pad_to(weight, rows, columns) for weight in weights]),
        np.stack([pad_to(bias, rows) for bias in (bias_H, *(bias_H1[:, 0] for bias_H1 in net.biases))]),
        np.stack([pad_to(of_layer, 2, rows) for of_layer in settings]),
        pad_to(net.last_H, rows),
        np.float32(net.last_bias.item()),
        net.settled[0].kind,
    )


def pad_to(tensor: torch.Tensor, *sizes: int) -> np.ndarray:
    """To these sizes, with zeros behind."""
    found = np.zeros(sizes, np.float32)
    found[tuple(slice(size) for size in tensor.shape)] = as_numpy(tensor)
    return found
