"""The activation unit over all history positions of a batch, on a processor: the formula of din/model/din.py in blocks
that stay in the cache, with its gradient written out.

Left to autograd, each of some thirty intermediates of N x H numbers is written to memory and read again. Here only what
goes into each activation is kept; the rest lives and dies within a block.

Shapes: N history positions, n of them in a block, B examples, D dimension, H the width of a layer,
R the rows of a table.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch.autograd.function import once_differentiable

from din import device
from din.kernels import numba_ops
from din.kernels.blocked_activations import BlockedActivation
from din.kernels.numba_ops import as_numpy
from din.kernels.segment_ops import concat_tables

BLOCK_POSITIONS = 2048  # of a block: 0.6 MB for a layer of 80


class AttentionWeightsFunction(torch.autograd.Function):
    """What the activation unit gives each history position, [N].

    The first layer is a sum: of the rows that a position looks up, by each of `places` [N] in a table [R, H] of its
    own, and of `seen_HE` times v, or u * v, or [v, u * v], or nothing, as its columns and `sees` say. `tensors` are
    the tables, and then for each layer its bias, its alpha and the weight that leads on from it, and the last bias.
    """

    @staticmethod
    def forward(
        ctx: Any,
        activations: list[BlockedActivation],
        places: list[torch.Tensor],
        sees: "FirstLayerInputs",
        u_BD: torch.Tensor,
        v_ND: torch.Tensor,
        seen_HE: torch.Tensor,
        *tensors: torch.Tensor,
    ) -> torch.Tensor:
        tables, layers = tensors[: len(places)], tensors[len(places) :]
        ctx.there_and_back = BlockedAttention(activations, places, sees, u_BD, v_ND, seen_HE, tables, layers)
        return ctx.there_and_back.forward()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *of_raw_N: torch.Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return ctx.there_and_back.backward(of_raw_N[0].contiguous())


class WeightedSumFunction(torch.autograd.Function):
    """The weighted sum of each example's history, [B, D], and none where it has none."""

    @staticmethod
    def forward(
        ctx: Any, weights_N: torch.Tensor, v_ND: torch.Tensor, example_N: torch.Tensor, examples: int
    ) -> torch.Tensor:
        ctx.save_for_backward(weights_N, v_ND, example_N)
        pooled_BD = v_ND.new_zeros(examples, v_ND.shape[1])
        numba_ops.segment_weighted_sum(as_numpy(weights_N), as_numpy(v_ND), as_numpy(example_N), as_numpy(pooled_BD))
        return pooled_BD

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *of_pooled_BD: torch.Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        weights_N, v_ND, example_N = ctx.saved_tensors
        of_weights_N, of_v_ND = torch.empty_like(weights_N), torch.empty_like(v_ND)
        of_pooled = as_numpy(of_pooled_BD[0].contiguous())
        inputs = (as_numpy(each) for each in (weights_N, v_ND, example_N, of_weights_N, of_v_ND))
        numba_ops.segment_weighted_sum_backward(of_pooled, *inputs)
        return of_weights_N, of_v_ND, None, None


class FirstLayerInputs(NamedTuple):
    """What each position adds to the first layer by itself: of its item v, and of u * v."""

    item: bool
    product: bool


@dataclass
class BlockedAttention:
    """One pass over the positions, there and back. Layer 0 is the first; `weights[i]` lead from layer i to the next.
    The first of `places` is the example of each."""

    activations: list[BlockedActivation]
    places: list[torch.Tensor]
    sees: FirstLayerInputs
    u_BD: torch.Tensor
    v_ND: torch.Tensor
    seen_HE: torch.Tensor
    tables: tuple[torch.Tensor, ...]
    layers: tuple[torch.Tensor, ...]

    def __post_init__(self) -> None:
        self.weights, self.last_bias = self.layers[2::3], self.layers[-1]
        self.up = [weight.T.contiguous() for weight in self.weights]
        self.seen_EH = self.seen_HE.T.contiguous()
        self.positions, self.depth = len(self.v_ND), len(self.weights)
        self.u, self.v, self.example_N = as_numpy(self.u_BD), as_numpy(self.v_ND), as_numpy(self.places[0])
        self.numpy_places = [as_numpy(place_N) for place_N in self.places]
        self.blocks = list(device.blocks(self.positions, BLOCK_POSITIONS))
        self.every_row, self.place_NM = (as_numpy(each) for each in concat_tables(self.tables, self.places))
        self.over_all = any(activation.over_all for activation in self.activations)
        widths = [weight.shape[1] for weight in self.weights]
        self.s = [self.v_ND.new_empty(self.positions, width) for width in widths]
        self.s_numpy = [as_numpy(s) for s in self.s]
        most = min(self.positions, BLOCK_POSITIONS)
        self.room = [as_numpy(self.v_ND.new_empty(most, width)) for width in widths]
        self.room_of_seen = self.v_ND.new_empty(most, self.seen_HE.shape[1])

    def forward(self) -> torch.Tensor:
        raw_N = self.v_ND.new_empty(self.positions)
        if self.over_all:  # each activation needs all positions of its layer first
            for layer in range(self.depth + 1):
                for rows in self.blocks:
                    self.climb(layer, rows, raw_N)
                if layer < self.depth:
                    self.activations[layer].measure()
        else:
            for rows in self.blocks:
                for layer in range(self.depth + 1):
                    self.climb(layer, rows, raw_N)
        return raw_N

    def climb(self, layer: int, rows: slice, raw_N: torch.Tensor) -> None:
        """What goes into the activation of a layer, from the layer below; above the last, the weights themselves."""
        if layer == 0:
            self.first(rows)
        else:
            value_nH = self.value(layer - 1, rows)
            if layer == self.depth:
                torch.addmv(self.last_bias, value_nH, self.weights[-1][0], out=raw_N[rows])
                return
            torch.mm(value_nH, self.up[layer - 1], out=self.s[layer][rows])
        self.activations[layer].arrived(self.s_numpy[layer][rows], rows)

    def value(self, layer: int, rows: slice) -> torch.Tensor:
        room_nH = self.room[layer][: rows.stop - rows.start]
        return torch.from_numpy(self.activations[layer].value(self.s_numpy[layer][rows], room_nH))

    def first(self, rows: slice) -> None:
        numba_ops.gather_sum(self.every_row, self.place_NM[rows], self.s_numpy[0][rows])
        if self.sees.item or self.sees.product:
            self.s[0][rows].addmm_(self.seen(rows), self.seen_EH)

    def seen(self, rows: slice) -> torch.Tensor:
        """What each position sees by itself, [n, E]."""
        if not self.sees.product:
            return self.v_ND[rows]
        seen_nE = self.room_of_seen[: rows.stop - rows.start]
        numba_ops.pair_features(self.u, self.example_N[rows], self.v[rows], self.sees.item, seen_nE.numpy())
        return seen_nE

    def backward(self, of_raw_N: torch.Tensor) -> tuple[Any, ...]:
        """The gradients of what `Weigh` takes, in its order, from that of the weights."""
        for activation in self.activations:
            activation.turn()
        self.of_weights = [torch.zeros_like(weight) for weight in self.weights]
        self.of_tables = [torch.zeros_like(table) for table in self.tables]
        self.of_u_BD = torch.zeros_like(self.u_BD)
        self.of_v_ND = torch.empty_like(self.v_ND)
        self.of_u, self.of_v = self.of_u_BD.numpy(), self.of_v_ND.numpy()
        self.of_seen_HE = torch.zeros_like(self.seen_HE)
        if self.over_all:
            self.layer_by_layer(of_raw_N)
        else:
            for rows in self.blocks:
                gradient_nH = self.below_weights(rows, of_raw_N)
                for layer in reversed(range(1, self.depth)):
                    gradient_nH = self.below(layer, rows, gradient_nH)
                self.into_first(rows, gradient_nH)
        inputs = (self.of_u_BD, self.of_v_ND, self.of_seen_HE)
        of_layers = [
            of_parameter
            for activation, of_weight in zip(self.activations, self.of_weights, strict=True)
            for of_parameter in (*activation.of_parameters(), of_weight)
        ]
        return (None, None, None, *inputs, *self.of_tables, *of_layers, of_raw_N.sum()[None])

    def layer_by_layer(self, of_raw_N: torch.Tensor) -> None:
        """Where an activation needs the gradients of all positions first, those of a whole layer are kept."""
        gradient_NH = torch.empty_like(self.s[-1])
        for rows in self.blocks:
            self.below_weights(rows, of_raw_N, gradient_NH[rows])
        for layer in reversed(range(1, self.depth)):
            below_NH = torch.empty_like(self.s[layer - 1])
            for rows in self.blocks:
                self.below(layer, rows, gradient_NH[rows], below_NH[rows])
            gradient_NH = below_NH
        for rows in self.blocks:
            self.into_first(rows, gradient_NH[rows])

    def below_weights(self, rows: slice, of_raw_N: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        """The gradient of what goes into the last activation."""
        of_value_nH = torch.mm(of_raw_N[rows, None], self.weights[-1], out=out)  # takes half as long as torch.outer
        self.of_weights[-1].addmm_(of_raw_N[None, rows], self.look(self.depth - 1, rows, of_value_nH))
        return of_value_nH

    def look(self, layer: int, rows: slice, of_value_nH: torch.Tensor) -> torch.Tensor:
        """From the gradient of an activation's value to that of what goes in; gives the value."""
        room_nH = self.room[layer][: rows.stop - rows.start]
        return torch.from_numpy(self.activations[layer].look(self.s_numpy[layer][rows], of_value_nH.numpy(), room_nH))

    def below(
        self, layer: int, rows: slice, gradient_nH: torch.Tensor, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        """From the gradient of what goes into an activation to that of what goes into the one below."""
        self.activations[layer].gradient(self.s_numpy[layer][rows], gradient_nH.numpy(), rows)
        of_value_nH = torch.mm(gradient_nH, self.weights[layer - 1], out=out)
        value_nH = self.look(layer - 1, rows, of_value_nH)
        self.of_weights[layer - 1].addmm_(gradient_nH.T, value_nH)
        return of_value_nH

    def into_first(self, rows: slice, of_first_nH: torch.Tensor) -> None:
        """On to what the first layer is a sum of."""
        of_first = of_first_nH.numpy()
        self.activations[0].gradient(self.s_numpy[0][rows], of_first, rows)
        for of_table_RH, place_N in zip(self.of_tables, self.numpy_places, strict=True):
            numba_ops.scatter_add(of_table_RH.numpy(), place_N[rows], of_first)
        if not (self.sees.item or self.sees.product):
            self.of_v_ND[rows].zero_()
            return
        self.of_seen_HE.addmm_(of_first_nH.T, self.seen(rows))
        if not self.sees.product:
            torch.mm(of_first_nH, self.seen_HE, out=self.of_v_ND[rows])
            return
        of_seen_nE = torch.mm(of_first_nH, self.seen_HE, out=self.room_of_seen[: len(of_first_nH)])
        numba_ops.pair_features_backward(
            of_seen_nE.numpy(), self.u, self.example_N[rows], self.v[rows], self.sees.item, self.of_u, self.of_v[rows]
        )
