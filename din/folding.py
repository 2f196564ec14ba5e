"""Many users' candidates and histories -> the history pooled for each candidate, in few large products of matrices.

What the two have in common is folded into weights of the candidate for each history item, of many users in one batched
product: users of like length are taken together and padded to the longest among them. Padding counts zero times;
nothing is normed over it, since nothing learns.

Shapes: K candidates and N history items of all users end to end; of G users taken together, at most K candidates and T
items each; D dimension, H the width of a layer.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from din import device
from din.activations import Dice, PRelu, Relu
from din.activations_in_blocks import InBlocks
from din.model import ActivationUnit, Group

# Candidates times items, padding included: of a layer of 80 in float32 2.6 MB on a processor, 1.3 GB on a GPU.
POSITIONS_AT_ONCE = {"cpu": 1 << 13, "cuda": 1 << 22}
POSITIONS_IN_CACHE = 1 << 11  # of a layer of 80 and of what its activation works with, 1.3 MB
Layers = list[tuple[InBlocks, nn.Linear]]


class Wanted(NamedTuple):
    """Candidates, end to end by user: their embeddings, and where each user's begin and how many they are."""

    u_KD: torch.Tensor
    first_U: torch.Tensor
    count_U: torch.Tensor


class Items(NamedTuple):
    """History items, end to end by user: their embeddings as they are pooled and as the activation unit sees them, how
    many events each stands for, and where each user's begin and how many they are."""

    v_ND: torch.Tensor
    seen_ND: torch.Tensor
    times_N: torch.Tensor
    first_U: torch.Tensor
    count_U: torch.Tensor


def pooled_by_folding(group: Group, wanted: Wanted, items: Items) -> torch.Tensor:
    """The history pooled for each candidate, float32 [K, D]; zero where a user has none."""
    beyond = len(wanted.u_KD)  # a row more, which takes what is of padding
    pooled_KD = torch.zeros(beyond + 1, wanted.u_KD.shape[1], device=wanted.u_KD.device)
    with_one_KE = torch.cat([wanted.u_KD, wanted.u_KD.new_ones(beyond, 1)], dim=1)
    layers = ready(group.unit.layers())
    sizes = [torch.stack([of.first_U, of.count_U]).cpu().numpy() for of in (wanted, items)]
    for users, most_K, most_T in of_like_size(sizes[0][1], sizes[1][1], POSITIONS_AT_ONCE[pooled_KD.device.type]):
        chosen_G = torch.from_numpy(users).to(pooled_KD.device)
        place_GK, real_GK = padded(chosen_G, wanted.first_U, wanted.count_U, most_K)
        place_GT, real_GT = padded(chosen_G, items.first_U, items.count_U, most_T)
        times_GT = real_GT * at(items.times_N, place_GT)
        raw_GKT = every_pair(group.unit, layers, at(with_one_KE, place_GK), at(items.seen_ND, place_GT)).float()
        weights_GKT = counted(raw_GKT, times_GT, group.normalize)
        with torch.autocast(pooled_KD.device.type, enabled=False):  # sums are float32
            pooled_KD[torch.where(real_GK, place_GK, beyond)] = weights_GKT @ at(items.v_ND, place_GT)
    return pooled_KD[:beyond]


def at(rows_N: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
    """The rows at these places, in their shape."""
    return rows_N.index_select(0, place.flatten()).view(*place.shape, *rows_N.shape[1:])


def of_like_size(wanted_U: np.ndarray, items_U: np.ndarray, at_once: int) -> Iterator[tuple[np.ndarray, int, int]]:
    """Users with candidates and a history, those of like length together, and how much room each needs at the most."""
    users = np.flatnonzero((wanted_U > 0) & (items_U > 0))
    users = users[np.lexsort((wanted_U[users], items_U[users]))]
    while len(users):
        room = np.arange(1, len(users) + 1) * np.maximum.accumulate(wanted_U[users]) * items_U[users]
        taken = max(int(np.searchsorted(room, at_once, "right")), 1)
        together, users = users[:taken], users[taken:]
        yield together, int(wanted_U[together].max()), int(items_U[together].max())


def padded(
    chosen_G: torch.Tensor, first_U: torch.Tensor, count_U: torch.Tensor, most: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The places of the chosen users' own, [G, most], and which are real; the others are some place that there is."""
    number = torch.arange(most, device=chosen_G.device)
    real = number < count_U[chosen_G, None]
    return torch.where(real, first_U[chosen_G, None] + number, 0), real


def ready(layers: list[tuple[Dice | PRelu | Relu, nn.Linear]]) -> Layers:
    """Layers of a net where nothing learns."""
    nothing = torch.ones(0)
    return [(activation.in_blocks(nothing), linear) for activation, linear in layers]


def every_pair(unit: ActivationUnit, layers: Layers, u_GKE: torch.Tensor, v_GTD: torch.Tensor) -> torch.Tensor:
    """What the activation unit gives each item of a user for each of their candidates, [G, K, T]. E is D and a one.

    What the two have in common is folded into a weight of u for each history item, so that one product of matrices is
    the first layer of all candidates: Wu u + Wp (u * v) + Wv v + b = [Wu + Wp diag(v); Wv v + b] [u; 1].
    """
    w_candidate, w_item = unit.of_one_alone()
    users, items, dimension = v_GTD.shape
    of_history_GTH = v_GTD @ w_item.T + unit.first.bias
    if unit.sees == "difference":
        first_GKTH = (u_GKE[..., :dimension] @ w_candidate.T)[:, :, None] + of_history_GTH[:, None]
    else:
        folded_GTHE = folded(unit, v_GTD, w_candidate, of_history_GTH)
        first_GKTH = torch.bmm(u_GKE, folded_GTHE.view(users, -1, dimension + 1).mT)
    return after_first(layers, first_GKTH.view(-1, len(unit.first.bias))).view(users, -1, items)


def after_first(layers: Layers, s_NH: torch.Tensor) -> torch.Tensor:
    """What the layers after the first give, [N], whose input is lost. On a processor in blocks that stay in its cache,
    and each bias after its product: one that adds copies first what it adds to."""
    if not device.on_processor(s_NH):
        for activation, linear in layers:
            activation.arrived(s_NH, slice(None))
            s_NH = linear(activation.value(s_NH))
        return s_NH.squeeze(1)
    raw_N = s_NH.new_empty(len(s_NH))
    for rows in device.blocks(len(s_NH), POSITIONS_IN_CACHE):
        s_nH = s_NH[rows]
        for activation, linear in layers:
            activation.arrived(s_nH, rows)
            s_nH = (activation.value(s_nH) @ linear.weight.T).add_(linear.bias)
        raw_N[rows] = s_nH.squeeze(1)
    return raw_N


def folded(
    unit: ActivationUnit, v_GTD: torch.Tensor, w_candidate: torch.Tensor, of_history_GTH: torch.Tensor
) -> torch.Tensor:
    """The first layer's weights of [u; 1] for each history item, [G, T, H, E]."""
    dimension = unit.dimension
    folded_GTHE = v_GTD.new_empty(*of_history_GTH.shape, dimension + 1)
    if unit.sees == "product":
        torch.addcmul(w_candidate, unit.of_common(), v_GTD[:, :, None, :], out=folded_GTHE[..., :dimension])
    else:
        by_each_HDD = unit.of_common().unflatten(1, (dimension, -1))
        folded_GTHE[..., :dimension] = torch.einsum("hij,gtj->gthi", by_each_HDD, v_GTD) + w_candidate
    folded_GTHE[..., dimension] = of_history_GTH
    return folded_GTHE


def counted(raw_GKT: torch.Tensor, times_GT: torch.Tensor, normalize: str) -> torch.Tensor:
    """The weights of history items that stand for so many events each."""
    if normalize == "softmax":
        return torch.softmax(raw_GKT + times_GT[:, None].log(), dim=-1)
    return raw_GKT * times_GT[:, None]
