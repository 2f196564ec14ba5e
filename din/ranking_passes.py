"""Users with their candidates and items -> the history pooled for every candidate; candidates -> what they are ranked
by; over tiles (din/tile_passes.py), compiled (din/compiled.py).

A position of a tile is a pair of a candidate and a history item there, and a candidate in the last net. Each user's
pairs begin a tile of their own, so that the bits of a score do not depend on who else is ranked.

Shapes: U users; K candidates and N history items of them end to end; of one user K candidates, at most `CANDIDATES`,
and T items; D dimension; R positions of a tile that are of one item; M places of rows; the others as in
din/tile_passes.py.
"""

import numpy as np

from din.activation_passes import ONE, power_of_two
from din.compiled import ZERO, compiled, wide_vectors
from din.tile_passes import DEEP, LANES, POSITIONS, ROWS, add_product, after_first, fill, tiles_for, whole, zeros

CANDIDATES = 1024  # of one user that are pooled for together
OF_E = np.float32(1 / np.log(2))  # e^x is 2 to the power of x times that


@compiled
def turn(rows_ND, out_DN):
    """Rows into columns; zeros behind, to a whole step of what a product does at once."""
    for n in range(rows_ND.shape[0]):
        for d in range(rows_ND.shape[1]):
            out_DN[d, n] = rows_ND[n, d]
    for n in range(rows_ND.shape[0], whole(rows_ND.shape[0], DEEP)):
        for d in range(rows_ND.shape[1]):
            out_DN[d, n] = ZERO


@compiled
def meet(first, u_DK, of_candidate_HK, candidates, seen_TD, of_item_TH, common_EP, tile_HP):
    """The positions of a user from the first on, an item with all candidates and then the next: what candidate and
    item have in common, where the net takes that, and what the first layer has of either alone. How many there are."""
    wide_vectors()
    item, candidate, taken = first // candidates, first % candidates, 0
    dimension = min(seen_TD.shape[1], common_EP.shape[0])
    while taken < POSITIONS and item < seen_TD.shape[0]:
        run = min(candidates - candidate, POSITIONS - taken)
        for d in range(dimension):
            u_R, common_R, v = u_DK[d, candidate : candidate + run], common_EP[d, taken : taken + run], seen_TD[item, d]
            for r in range(run):
                common_R[r] = u_R[r] * v
        for h in range(of_item_TH.shape[1]):
            own_R, tile_R = of_candidate_HK[h, candidate : candidate + run], tile_HP[h, taken : taken + run]
            of_item = of_item_TH[item, h]
            for r in range(run):
                tile_R[r] = own_R[r] + of_item
        item, candidate, taken = item + 1, 0, taken + run
    return taken


@compiled
def soften(raw_TK, times_T, weight_TK, over_K):
    wide_vectors()
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
            weight = times * power_of_two((raw - largest_K[k]) * OF_E)
            weight_TK[t, k] = weight
            over_K[k] += weight + ZERO * raw  # what is no number stays so


@compiled
def count(raw_TK, times_T, softmax, weight_TK, over_K):
    """The weights of items that stand for so many events each, and by what they are still to be divided; zeros behind,
    to a whole step of what a product does at once."""
    wide_vectors()
    items, candidates = raw_TK.shape
    for t in range(items, whole(items, DEEP)):
        for k in range(candidates):
            weight_TK[t, k] = ZERO
    if softmax:
        soften(raw_TK, times_T, weight_TK, over_K)
        return
    for k in range(candidates):
        over_K[k] = ONE
    for t in range(items):
        for k in range(candidates):
            weight_TK[t, k] = times_T[t] * raw_TK[t, k]


@compiled
def pool_each(
    net, w_candidate_HD, u_KD, first_K, count_K, seen_ND, of_item_NH, times_N, v_ND, first_N, count_N, softmax, out_KD
):
    """Each user's items pooled for each of their candidates by the weights that the net gives the two; zero where there
    are none. The net's first layer takes what candidate and item have in common; `w_candidate_HD` and its bias are of
    the candidate alone, `of_item_NH` of the item alone."""
    wide_vectors()
    most_K = most_T = 0
    for user in range(len(count_K)):
        most_K, most_T = max(most_K, min(count_K[user], CANDIDATES)), max(most_T, count_N[user])
    width, common, dimension = net.sizes_L2[0, 0], net.sizes_L2[0, 1], u_KD.shape[1]
    columns, items, padded = whole(most_K, LANES), whole(most_T, DEEP), whole(dimension, ROWS)
    common_EP, tiles_LHP = tiles_for(net)
    raw_M = np.zeros(most_T * most_K + POSITIONS, np.float32)
    u_DK, pooled_DK, of_candidate_HK = zeros(padded, columns), zeros(padded, columns), zeros(width, columns)
    v_DT, weight_TK, over_K = zeros(padded, items), zeros(items, columns), np.zeros(columns, np.float32)
    nothing_D = np.zeros(padded, np.float32)
    for user in range(len(count_K)):
        own = slice(first_N[user], first_N[user] + count_N[user])
        seen_TD, of_item_TH, times_T, v_TD = seen_ND[own], of_item_NH[own], times_N[own], v_ND[own]
        held, end = len(v_TD), first_K[user] + count_K[user]
        turn(v_TD, v_DT)
        for begin in range(first_K[user], end if held else first_K[user], CANDIDATES):
            wanted = min(end - begin, CANDIDATES)
            lanes = whole(wanted, LANES)
            turn(u_KD[begin : begin + wanted], u_DK)
            fill(width, net.bias_LH[0], of_candidate_HK, lanes)
            add_product(width, padded, w_candidate_HD, u_DK, of_candidate_HK, lanes)
            for first in range(0, held * wanted, POSITIONS):
                taken = meet(first, u_DK, of_candidate_HK, wanted, seen_TD, of_item_TH, common_EP, tiles_LHP[0])
                add_product(width, common, net.weights_LHE[0], common_EP, tiles_LHP[0], whole(taken, LANES))
                after_first(net, tiles_LHP, raw_M[first:], whole(taken, LANES))
            count(raw_M[: held * wanted].reshape(held, wanted), times_T, softmax, weight_TK, over_K)
            fill(padded, nothing_D, pooled_DK, lanes)
            add_product(padded, whole(held, DEEP), v_DT, weight_TK, pooled_DK, lanes)
            for k in range(wanted):
                for d in range(dimension):
                    out_KD[begin + k, d] = pooled_DK[d, k] / over_K[k]


@compiled
def side_by_side(u_PD, pooled_PD, seen_EP, at):
    dimension = u_PD.shape[1]
    for p in range(u_PD.shape[0]):
        for d in range(dimension):
            u, pooled = u_PD[p, d], pooled_PD[p, d]
            seen_EP[at + d, p] = u
            seen_EP[at + dimension + d, p] = pooled
            seen_EP[at + 2 * dimension + d, p] = u * pooled


@compiled
def score_each(net, goods_KD, goods_pooled_KD, shop_KD, shop_pooled_KD, rows_RH, place_KM, logit_K):
    """What the last net gives each candidate: over candidate, what was pooled for it, and their product, of goods and
    then of shops. Rows at the places of a candidate are added to its first layer; those at place 0 are not."""
    wide_vectors()
    width, deep, dimension = net.sizes_L2[0, 0], net.sizes_L2[0, 1], goods_KD.shape[1]
    seen_EP, tiles_LHP = tiles_for(net)
    raw_P = np.zeros(POSITIONS, np.float32)
    for first in range(0, len(logit_K), POSITIONS):
        own = slice(first, min(first + POSITIONS, len(logit_K)))
        taken = own.stop - own.start
        side_by_side(goods_KD[own], goods_pooled_KD[own], seen_EP, 0)
        side_by_side(shop_KD[own], shop_pooled_KD[own], seen_EP, 3 * dimension)
        fill(width, net.bias_LH[0], tiles_LHP[0], whole(taken, LANES))
        for p in range(taken):
            for m in range(place_KM.shape[1]):
                row = place_KM[first + p, m]
                if row > 0:
                    for h in range(rows_RH.shape[1]):
                        tiles_LHP[0, h, p] += rows_RH[row, h]
        add_product(width, deep, net.weights_LHE[0], seen_EP, tiles_LHP[0], whole(taken, LANES))
        after_first(net, tiles_LHP, raw_P, whole(taken, LANES))
        for p in range(taken):
            logit_K[first + p] = raw_P[p]
