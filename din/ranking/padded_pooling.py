"""Many users' candidates and histories -> the history pooled for each candidate, in few large products of matrices.

What the two have in common is folded into weights of the candidate for each history item, of many users in one batched
product: users of like length are taken together and padded to the longest among them. Padding counts zero times;
nothing is normed over it, since nothing learns. This is the way of a GPU, and of all that din/ranking/tiled_backend.py
does not take.

Shapes: K candidates and N history items of all users end to end; of G users taken together, at most K candidates and T
items each; D dimension, H the width of a layer.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from din import device
from din.model.din import ActivationUnit, AttentionGroup
from din.model.folded_mlp import FoldedMLP

# Candidates times items, padding included: of a layer of 80 in float32 2.6 MB on a processor, 1.3 GB on a GPU.
POSITIONS_PER_PASS = {"cpu": 1 << 13, "cuda": 1 << 22}


class CandidateBatch(NamedTuple):
    """Candidates, end to end by user: their embeddings, and where each user's begin and how many they are."""

    u_KD: torch.Tensor
    first_U: torch.Tensor
    count_U: torch.Tensor


class HistoryBatch(NamedTuple):
    """History items, end to end by user: their embeddings as they are pooled and as the activation unit sees them, how
    many events each stands for, and where each user's begin and how many they are."""

    v_ND: torch.Tensor
    seen_ND: torch.Tensor
    times_N: torch.Tensor
    first_U: torch.Tensor
    count_U: torch.Tensor


def pool_padded(group: AttentionGroup, wanted: CandidateBatch, items: HistoryBatch) -> torch.Tensor:
    """The history pooled for each candidate, float32 [K, D]; zero where a user has none."""
    beyond = len(wanted.u_KD)  # a row more, which takes what is of padding
    pooled_KD = torch.zeros(beyond + 1, wanted.u_KD.shape[1], device=wanted.u_KD.device)
    pool = AttentionPool(group)
    of_items = (items.times_N, items.seen_ND, pool.every_pair.of_item(items.seen_ND), items.v_ND)
    count_K, count_T = torch.stack([wanted.count_U, items.count_U]).cpu().numpy()
    for users, most_K, most_T in length_buckets(count_K, count_T, POSITIONS_PER_PASS[pooled_KD.device.type]):
        chosen_G = torch.from_numpy(users).to(pooled_KD.device)
        place_GK, real_GK = padded_index(chosen_G, wanted.first_U, wanted.count_U, most_K)
        place_GT, real_GT = padded_index(chosen_G, items.first_U, items.count_U, most_T)
        times_GT, seen_GTD, of_item_GTH, v_GTD = (gather(of_all, place_GT) for of_all in of_items)
        of_padded_GKD = pool(gather(wanted.u_KD, place_GK), real_GT * times_GT, seen_GTD, of_item_GTH, v_GTD)
        pooled_KD[torch.where(real_GK, place_GK, beyond)] = of_padded_GKD
    return pooled_KD[:beyond]


def gather(rows_N: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
    """The rows at these places, in their shape."""
    return rows_N.index_select(0, place.flatten()).view(*place.shape, *rows_N.shape[1:])


def length_buckets(wanted_U: np.ndarray, items_U: np.ndarray, at_once: int) -> Iterator[tuple[np.ndarray, int, int]]:
    """Users with candidates and a history, those of like length together, and how much room each needs at the most."""
    users = np.flatnonzero((wanted_U > 0) & (items_U > 0))
    users = users[np.lexsort((wanted_U[users], items_U[users]))]
    while len(users):
        some = users[: max(at_once // int(wanted_U[users[0]] * items_U[users[0]]), 1)]  # no more can have room
        taken = 1
        if len(some) > 1:
            room = np.arange(1, len(some) + 1) * np.maximum.accumulate(wanted_U[some]) * items_U[some]
            taken = max(int(np.searchsorted(room, at_once, "right")), 1)
        together, users = users[:taken], users[taken:]
        yield together, int(wanted_U[together].max()), int(items_U[together].max())


def padded_index(
    chosen_G: torch.Tensor, first_U: torch.Tensor, count_U: torch.Tensor, most: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The places of the chosen users' own, [G, most], and which are real; the others are some place that there is."""
    number = torch.arange(most, device=chosen_G.device)
    real = number < count_U[chosen_G, None]
    return torch.where(real, first_U[chosen_G, None] + number, 0), real


class AttentionPool:
    """Items of some users, each counted so many times, pooled for each of their candidates."""

    def __init__(self, group: AttentionGroup) -> None:
        self.every_pair, self.normalize = PairwiseAttention(group.unit), group.normalize

    def __call__(
        self,
        u_GKD: torch.Tensor,
        times_GT: torch.Tensor,
        seen_GTD: torch.Tensor,
        of_item_GTH: torch.Tensor,
        v_GTD: torch.Tensor,
    ) -> torch.Tensor:
        """[G, K, D]."""
        weights_GTK = apply_counts(self.every_pair(u_GKD, seen_GTD, of_item_GTH).float(), times_GT, self.normalize)
        with torch.autocast(v_GTD.device.type, enabled=False):  # sums are float32
            return torch.bmm(weights_GTK.mT, v_GTD)


class PairwiseAttention:
    """What the activation unit gives each item of a user for each of their candidates.

    What the two have in common is folded into a weight of u for each history item, so that one product of matrices is
    the first layer of all candidates: Wu u + Wp (u * v) + Wv v + b = (Wu + Wp diag(v)) u + (Wv v + b).
    """

    def __init__(self, unit: ActivationUnit) -> None:
        self.sees, self.net = unit.sees, FoldedMLP(unit.layers())
        scale_H1 = self.net.before_H[:, None]
        self.w_candidate, self.w_item = (weight * scale_H1 for weight in unit.of_one_alone())
        self.w_common, self.bias_H = unit.of_common() * scale_H1, unit.first.bias * self.net.before_H

    def of_item(self, v_ND: torch.Tensor) -> torch.Tensor:
        """The item's own part of the first layer, [N, H]."""
        return torch.addmm(self.bias_H, v_ND, self.w_item.T)

    def __call__(self, u_GKD: torch.Tensor, v_GTD: torch.Tensor, of_item_GTH: torch.Tensor) -> torch.Tensor:
        """[G, T, K]; so many items at once as have room."""
        users, items, _ = v_GTD.shape
        at_once = max(POSITIONS_PER_PASS[v_GTD.device.type] // (users * u_GKD.shape[1]), 1)
        parts = device.blocks(items, at_once)
        return torch.cat([self.of_items(u_GKD, v_GTD[:, part], of_item_GTH[:, part]) for part in parts], dim=1)

    def of_items(self, u_GKD: torch.Tensor, v_GTD: torch.Tensor, of_item_GTH: torch.Tensor) -> torch.Tensor:
        users, items, width = of_item_GTH.shape
        if self.sees == "difference":
            first_GHTK = (self.w_candidate @ u_GKD.mT)[:, :, None].expand(-1, -1, items, -1).contiguous()
        else:
            of_each_GED = self.folded(v_GTD).reshape(users, -1, v_GTD.shape[2])
            first_GHTK = torch.bmm(of_each_GED, u_GKD.mT).view(users, width, items, -1)
        return self.net(first_GHTK, of_item_GTH.mT.contiguous())

    def folded(self, v_GTD: torch.Tensor) -> torch.Tensor:
        """The first layer's weights of u for each history item, [G, H, T, D]."""
        if self.sees == "outer":
            by_each_HDD = self.w_common.unflatten(1, (v_GTD.shape[2], -1))
            return torch.einsum("hij,gtj->ghti", by_each_HDD, v_GTD) + self.w_candidate[:, None]
        return torch.addcmul(self.w_candidate[:, None], self.w_common[:, None], v_GTD[:, None])


def apply_counts(raw_GTK: torch.Tensor, times_GT: torch.Tensor, normalize: str) -> torch.Tensor:
    """The weights of history items that stand for so many events each."""
    times_GT1 = times_GT[..., None]
    return torch.softmax(raw_GTK + times_GT1.log(), dim=1) if normalize == "softmax" else raw_GTK * times_GT1
