"""Users with their candidates and items -> the history pooled for every candidate; candidates -> what they are ranked
by; over tiles (din/kernels/tiled_mlp.py), compiled (din/kernels/numba_ops.py).

A position of a tile is a pair of a candidate and a history item there, and a candidate in the last net. Each user's
pairs begin a tile of their own, so that the bits of a score do not depend on who else is ranked.

Shapes: U users; K candidates and N history items of them end to end, or K candidates of one user, at most `CANDIDATES`,
and T items; D dimension; R positions of a tile that are of one item; S steps of matches, of which a candidate has M;
what is flat has X numbers; the others as in din/kernels/tiled_mlp.py.
"""

import math

import numpy as np

from din.kernels.activation_kernels import ONE, exp2
from din.kernels.numba_ops import ZERO, compiled, prefer_512_bit
from din.kernels.tiled_mlp import (
    CACHE_LINE_FLOATS,
    K_STEP,
    ROWS,
    TILE_POSITIONS,
    broadcast_bias,
    forward_hidden_layers,
    matmul_add,
    round_up,
    tiles_for,
    zeros,
)

NEVER = 0  # the repeat bucket of an item that the user never took
CANDIDATES = 1024  # of one user that are pooled for together
LOG2_E = np.float32(1 / np.log(2))  # e^x is 2 to the power of x times that


@compiled
def transpose_padded(rows_ND, out_DN):
    """Rows into columns; zeros behind, to a whole step of what a product does at once."""
    for n in range(rows_ND.shape[0]):
        for d in range(rows_ND.shape[1]):
            out_DN[d, n] = rows_ND[n, d]
    for n in range(rows_ND.shape[0], round_up(rows_ND.shape[0], K_STEP)):
        for d in range(rows_ND.shape[1]):
            out_DN[d, n] = ZERO


@compiled
def fill_pair_tile(first, candidates, u_DK, of_candidate_HK, seen_TD, of_item_HT, common_EP, tile_HP):
    """The positions of a user from the first on, an item with all candidates and then the next: what candidate and
    item have in common, where the net takes that, and what the first layer has of either alone. How many there are."""
    prefer_512_bit()
    item, candidate, taken = first // candidates, first % candidates, 0
    dimension = min(seen_TD.shape[1], common_EP.shape[0])
    while taken < TILE_POSITIONS and item < seen_TD.shape[0]:
        run = min(candidates - candidate, TILE_POSITIONS - taken)
        for d in range(dimension):
            u_R, common_R, v = u_DK[d, candidate : candidate + run], common_EP[d, taken : taken + run], seen_TD[item, d]
            for r in range(run):
                common_R[r] = u_R[r] * v
        for h in range(of_item_HT.shape[0]):
            own_R, tile_R = of_candidate_HK[h, candidate : candidate + run], tile_HP[h, taken : taken + run]
            of_item = of_item_HT[h, item]
            for r in range(run):
                tile_R[r] = own_R[r] + of_item
        item, candidate, taken = item + 1, 0, taken + run
    return taken


@compiled
def softmax_numerators(raw_TK, times_T, weight_TK, over_K):
    prefer_512_bit()
    items, candidates = raw_TK.shape
    largest_K = np.empty(candidates, np.float32)
    for k in range(candidates):
        largest_K[k], over_K[k] = raw_TK[0, k], ZERO
    for t in range(1, items):
        for k in range(candidates):
            largest_K[k] = max(largest_K[k], raw_TK[t, k])
    for t in range(items):
        times = times_T[t]
        for k in range(candidates):
            raw = raw_TK[t, k]
            weight = times * exp2((raw - largest_K[k]) * LOG2_E)
            weight_TK[t, k] = weight
            over_K[k] += weight + ZERO * raw  # what is no number stays so


@compiled
def normalize_weights(raw_TK, times_T, softmax, weight_TK, over_K):
    """The weights of items that stand for so many events each, and by what they are still to be divided; zeros behind,
    to a whole step of what a product does at once."""
    prefer_512_bit()
    items, candidates = raw_TK.shape
    for t in range(items, round_up(items, K_STEP)):
        for k in range(candidates):
            weight_TK[t, k] = ZERO
    if softmax:
        softmax_numerators(raw_TK, times_T, weight_TK, over_K)
        return
    for k in range(candidates):
        over_K[k] = ONE
    for t in range(items):
        for k in range(candidates):
            weight_TK[t, k] = times_T[t] * raw_TK[t, k]


@compiled
def pool_histories(net, w_candidate_HD, w_item_HD, wanted, items, softmax, out_KD):
    """Each user's items (din/ranking/padded_pooling.py) pooled for each of their candidates by the weights that the net
    gives the two; zero where there are none. The net's first layer takes what candidate and item have in common."""
    prefer_512_bit()
    most_K = most_T = most_X = 0
    for user in range(len(wanted.count_U)):
        own_K, own_T = (
            round_up(min(wanted.count_U[user], CANDIDATES), CACHE_LINE_FLOATS),
            round_up(items.count_U[user], K_STEP),
        )
        most_K, most_T, most_X = max(most_K, own_K), max(most_T, own_T), max(most_X, own_K * own_T)
    width, common, dimension = net.sizes_L2[0, 0], net.sizes_L2[0, 1], out_KD.shape[1]
    deep, room_T = round_up(dimension, ROWS), round_up(most_T, CACHE_LINE_FLOATS)
    into_EP, tiles_LHP = tiles_for(net)
    common_EP = into_EP[:common]
    u_DK, of_candidate_HK, pooled_DK = zeros(deep, most_K), zeros(width, most_K), zeros(deep, most_K)
    seen_DT, of_item_HT, v_DT = zeros(deep, room_T), zeros(width, room_T), zeros(deep, room_T)
    raw_X, weight_X = np.empty(most_X + TILE_POSITIONS, np.float32), zeros(1, most_X)[0]
    over_K, nothing_H = np.zeros(most_K, np.float32), np.zeros(max(width, deep), np.float32)
    for user in range(len(wanted.count_U)):
        own = slice(items.first_U[user], items.first_U[user] + items.count_U[user])
        seen_TD, times_T = items.seen_ND[own], items.times_N[own]
        held, end = len(times_T), wanted.first_U[user] + wanted.count_U[user]
        transpose_padded(items.v_ND[own], v_DT)
        transpose_padded(seen_TD, seen_DT)
        broadcast_bias(width, nothing_H, of_item_HT, round_up(held, CACHE_LINE_FLOATS))
        matmul_add(width, deep, w_item_HD, seen_DT, of_item_HT, round_up(held, CACHE_LINE_FLOATS))
        for begin in range(wanted.first_U[user], end if held else 0, CANDIDATES):
            chosen = min(end - begin, CANDIDATES)
            lanes, many = round_up(chosen, CACHE_LINE_FLOATS), round_up(held, K_STEP)
            transpose_padded(wanted.u_KD[begin : begin + chosen], u_DK)
            broadcast_bias(width, net.bias_LH[0], of_candidate_HK, lanes)
            matmul_add(width, deep, w_candidate_HD, u_DK, of_candidate_HK, lanes)
            for first in range(0, held * chosen, TILE_POSITIONS):
                taken = fill_pair_tile(
                    first, chosen, u_DK, of_candidate_HK, seen_TD, of_item_HT, common_EP, tiles_LHP[0]
                )
                matmul_add(
                    width, common, net.weights_LHE[0], common_EP, tiles_LHP[0], round_up(taken, CACHE_LINE_FLOATS)
                )
                forward_hidden_layers(net, tiles_LHP, raw_X[first:], round_up(taken, CACHE_LINE_FLOATS))
            weight_TK = weight_X[: many * lanes].reshape(many, lanes)
            normalize_weights(raw_X[: held * chosen].reshape(held, chosen), times_T, softmax, weight_TK, over_K)
            broadcast_bias(deep, nothing_H, pooled_DK, lanes)
            matmul_add(deep, many, v_DT, weight_TK, pooled_DK, lanes)
            for k in range(chosen):
                for d in range(dimension):
                    out_KD[begin + k, d] = pooled_DK[d, k] / over_K[k]


@compiled
def concat_top_inputs(u_PD, pooled_PD, seen_EP, at):
    dimension = u_PD.shape[1]
    for p in range(u_PD.shape[0]):
        for d in range(dimension):
            u, pooled = u_PD[p, d], pooled_PD[p, d]
            seen_EP[at + d, p] = u
            seen_EP[at + dimension + d, p] = pooled
            seen_EP[at + 2 * dimension + d, p] = u * pooled


@compiled
def add_repeat_features(step_PM, of_step_SH, first_HP):
    for p in range(step_PM.shape[0]):
        for step in step_PM[p]:
            if step != NEVER:
                for h in range(of_step_SH.shape[1]):
                    first_HP[h, p] += of_step_SH[step, h]


@compiled
def score_candidates(net, parts, user_UD, user_K, of_step_SH, step_KM, score_K):
    """What the last net gives each candidate, as a probability: over candidate, what was pooled for it, and their
    product, of goods and then of shops; then over the user. Rows of its steps are added to the first layer."""
    prefer_512_bit()
    width, deep, dimension = net.sizes_L2[0, 0], net.sizes_L2[0, 1], parts[0].shape[1]
    seen_EP, tiles_LHP = tiles_for(net)
    raw_P = np.zeros(TILE_POSITIONS, np.float32)
    for first in range(0, len(score_K), TILE_POSITIONS):
        own = slice(first, min(first + TILE_POSITIONS, len(score_K)))
        taken = own.stop - own.start
        concat_top_inputs(parts[0][own], parts[1][own], seen_EP, 0)
        concat_top_inputs(parts[2][own], parts[3][own], seen_EP, 3 * dimension)
        for p in range(taken):
            for d in range(user_UD.shape[1]):
                seen_EP[6 * dimension + d, p] = user_UD[user_K[first + p], d]
        broadcast_bias(width, net.bias_LH[0], tiles_LHP[0], round_up(taken, CACHE_LINE_FLOATS))
        add_repeat_features(step_KM[own], of_step_SH, tiles_LHP[0])
        matmul_add(width, deep, net.weights_LHE[0], seen_EP, tiles_LHP[0], round_up(taken, CACHE_LINE_FLOATS))
        forward_hidden_layers(net, tiles_LHP, raw_P, round_up(taken, CACHE_LINE_FLOATS))
        for p in range(taken):
            score_K[first + p] = 1 / (1 + math.exp(-np.float64(raw_P[p])))
