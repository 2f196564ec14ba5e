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

from din.model import ActivationUnit, Group
from din.settled import Net

# Candidates times items, padding included: of a layer of 80 in float32 2.6 MB on a processor, 1.3 GB on a GPU.
POSITIONS_AT_ONCE = {"cpu": 1 << 13, "cuda": 1 << 22}


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
    every_pair = EveryPair(group.unit)
    sizes = [torch.stack([of.first_U, of.count_U]).cpu().numpy() for of in (wanted, items)]
    for users, most_K, most_T in of_like_size(sizes[0][1], sizes[1][1], POSITIONS_AT_ONCE[pooled_KD.device.type]):
        chosen_G = torch.from_numpy(users).to(pooled_KD.device)
        place_GK, real_GK = padded(chosen_G, wanted.first_U, wanted.count_U, most_K)
        place_GT, real_GT = padded(chosen_G, items.first_U, items.count_U, most_T)
        times_GT = real_GT * at(items.times_N, place_GT)
        raw_GTK = every_pair(at(with_one_KE, place_GK), at(items.seen_ND, place_GT)).float()
        weights_GTK = counted(raw_GTK, times_GT, group.normalize)
        with torch.autocast(pooled_KD.device.type, enabled=False):  # sums are float32
            pooled_KD[torch.where(real_GK, place_GK, beyond)] = weights_GTK.mT @ at(items.v_ND, place_GT)
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


class EveryPair:
    """What the activation unit gives each item of a user for each of their candidates.

    What the two have in common is folded into a weight of u for each history item, so that one product of matrices is
    the first layer of all candidates: Wu u + Wp (u * v) + Wv v + b = [Wu + Wp diag(v); Wv v + b] [u; 1].
    """

    def __init__(self, unit: ActivationUnit) -> None:
        self.sees, self.net = unit.sees, Net(unit.layers())
        scale_H1 = self.net.before_H[:, None]
        self.w_candidate, self.w_item = (weight * scale_H1 for weight in unit.of_one_alone())
        self.w_common, self.bias_H1 = unit.of_common() * scale_H1, unit.first.bias[:, None] * scale_H1

    def __call__(self, u_GKE: torch.Tensor, v_GTD: torch.Tensor) -> torch.Tensor:
        """[G, T, K]. E is D and a one."""
        users, items, dimension = v_GTD.shape
        of_item_GHT = self.w_item @ v_GTD.mT + self.bias_H1
        if self.sees == "difference":
            of_candidate_GHK = self.w_candidate @ u_GKE[..., :dimension].mT
            first_GHTK = of_candidate_GHK[:, :, None] + of_item_GHT[..., None]
        else:
            folded_GHTE = self.folded(v_GTD, of_item_GHT)
            first_GHTK = torch.bmm(folded_GHTE.view(users, -1, dimension + 1), u_GKE.mT)
        return self.net(first_GHTK.view(users, len(self.bias_H1), -1)).view(users, items, -1)

    def folded(self, v_GTD: torch.Tensor, of_item_GHT: torch.Tensor) -> torch.Tensor:
        """The first layer's weights of [u; 1] for each history item, [G, H, T, E]."""
        dimension = v_GTD.shape[2]
        folded_GHTE = v_GTD.new_empty(*of_item_GHT.shape, dimension + 1)
        of_u = folded_GHTE[..., :dimension]
        if self.sees == "product":
            torch.addcmul(self.w_candidate[:, None], self.w_common[:, None], v_GTD[:, None], out=of_u)
        else:
            by_each_HDD = self.w_common.unflatten(1, (dimension, -1))
            of_u.copy_(torch.einsum("hij,gtj->ghti", by_each_HDD, v_GTD) + self.w_candidate[:, None])
        folded_GHTE[..., dimension] = of_item_GHT
        return folded_GHTE


def counted(raw_GTK: torch.Tensor, times_GT: torch.Tensor, normalize: str) -> torch.Tensor:
    """The weights of history items that stand for so many events each."""
    times_GT1 = times_GT[..., None]
    return torch.softmax(raw_GTK + times_GT1.log(), dim=1) if normalize == "softmax" else raw_GTK * times_GT1
