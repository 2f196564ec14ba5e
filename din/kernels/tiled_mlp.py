"""Nets that learn no longer, over tiles, compiled (din/kernels/numba_ops.py).

A tile is what a layer gives for some positions, one in each column. From the first layer to the last it stays in the
cache of a processor: no layer is ever written to memory for all positions. Columns beyond the last position are
computed too, and thrown away, so that every position goes through the same steps, to the last bit, however many others
there are.

Products are our own: numbers of a tile are in vectors along its columns, and in one pass over it eight rows of the
output are added to by four of the input, so that each number that is read is multiplied eight times, by weights that
are already there. Weights are padded with zeros to whole steps of that.

Shapes: P positions of a tile; E what goes into a layer, H its width, L layers of a net.
"""

from typing import NamedTuple

import numpy as np

from din.kernels.activation_kernels import ONE, exp2
from din.kernels.numba_ops import ZERO, compiled, prefer_512_bit

TILE_POSITIONS = 576  # of a tile
CACHE_LINE_FLOATS = 16  # numbers of a line of the cache, to whole times which a tile is computed
ROWS, K_STEP = 8, 4  # of a product at once
RELU, PRELU, DICE = range(3)
NEG_LOG2_E = np.float32(-1 / np.log(2))  # e^-z is 2 to the power of z times that


class Layers(NamedTuple):
    """Of each layer how many rows and columns its weights have, its weights and bias, and two settings of its
    activation for each row; of the last, which is one number, weights and bias. All are as wide as the widest, so that
    nets of every depth go through the same code."""

    sizes_L2: np.ndarray
    weights_LHE: np.ndarray
    bias_LH: np.ndarray
    settings_L2H: np.ndarray
    last_H: np.ndarray
    last_bias: np.float32
    activation: int


@compiled
def round_up(count, step):
    return (count + step - 1) // step * step


@compiled
def zeros(rows, columns):
    """From where a line of the cache begins, as then do all rows of whole lines: no vector lies across two."""
    numbers = np.zeros(rows * columns + CACHE_LINE_FLOATS, np.float32)
    first = CACHE_LINE_FLOATS - numbers.ctypes.data // numbers.itemsize % CACHE_LINE_FLOATS
    return numbers[first : first + rows * columns].reshape(rows, columns)


@compiled
def load4(w_HE, h, e):
    return w_HE[h, e], w_HE[h, e + 1], w_HE[h, e + 2], w_HE[h, e + 3]


@compiled
def dot4(w, x):
    return w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + w[3] * x[3]


@compiled
def matmul_add(rows, deep, w_HE, x_EP, out_HP, positions):
    """Adds w x to the output: of so many rows, and so many numbers each."""
    prefer_512_bit()
    for h in range(0, rows, ROWS):
        for e in range(0, deep, K_STEP):
            w0, w1, w2, w3 = load4(w_HE, h, e), load4(w_HE, h + 1, e), load4(w_HE, h + 2, e), load4(w_HE, h + 3, e)
            w4, w5, w6, w7 = load4(w_HE, h + 4, e), load4(w_HE, h + 5, e), load4(w_HE, h + 6, e), load4(w_HE, h + 7, e)
            for p in range(positions):
                x = x_EP[e, p], x_EP[e + 1, p], x_EP[e + 2, p], x_EP[e + 3, p]
                out_HP[h, p] += dot4(w0, x)
                out_HP[h + 1, p] += dot4(w1, x)
                out_HP[h + 2, p] += dot4(w2, x)
                out_HP[h + 3, p] += dot4(w3, x)
                out_HP[h + 4, p] += dot4(w4, x)
                out_HP[h + 5, p] += dot4(w5, x)
                out_HP[h + 6, p] += dot4(w6, x)
                out_HP[h + 7, p] += dot4(w7, x)


@compiled
def broadcast_bias(rows, bias_H, out_HP, positions):
    for h in range(rows):
        for p in range(positions):
            out_HP[h, p] = bias_H[h]


@compiled
def activate(rows, activation, settings_2H, s_HP, positions):
    """Dice as in din/model/folded_mlp.py: s (ratio + 1 / (1 + e^-z)), 2 to the power of s fall + level being e^-z."""
    prefer_512_bit()
    for h in range(rows):
        level = alpha = settings_2H[0, h]
        ratio = settings_2H[1, h]
        if activation == DICE:
            for p in range(positions):
                s = s_HP[h, p]
                s_HP[h, p] = s * (ratio + ONE / (ONE + exp2(s * NEG_LOG2_E + level)))
        elif activation == PRELU:
            for p in range(positions):
                s = s_HP[h, p]
                s_HP[h, p] = alpha * s if s < 0 else s
        else:
            for p in range(positions):
                s = s_HP[h, p]
                s_HP[h, p] = ZERO if s < 0 else s  # what is no number stays so


@compiled
def forward_hidden_layers(net, tiles_LHP, raw_P, positions):
    """What the net gives each position; the first tile holds what its first layer gave."""
    prefer_512_bit()
    layers = len(net.sizes_L2)
    for at in range(layers):
        rows, deep = net.sizes_L2[at, 0], net.sizes_L2[at, 1]
        if at > 0:
            broadcast_bias(rows, net.bias_LH[at], tiles_LHP[at], positions)
            matmul_add(rows, deep, net.weights_LHE[at], tiles_LHP[at - 1], tiles_LHP[at], positions)
        activate(rows, net.activation, net.settings_L2H[at], tiles_LHP[at], positions)
    last_HP = tiles_LHP[layers - 1]
    for p in range(positions):
        raw_P[p] = net.last_bias
    for h in range(net.sizes_L2[layers - 1, 0]):
        weight = net.last_H[h]
        for p in range(positions):
            raw_P[p] += weight * last_HP[h, p]


@compiled
def tiles_for(net):
    """Of what goes into the first layer, and of each layer."""
    layers, rows, deep = net.weights_LHE.shape
    return zeros(deep, TILE_POSITIONS), zeros(layers * rows, TILE_POSITIONS).reshape(layers, rows, TILE_POSITIONS)
