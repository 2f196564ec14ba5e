"""The activation unit over all history positions of a batch, on a processor: the formula of din/model.py in blocks that
stay in the cache, with its gradient written out.

Left to autograd, each of some thirty intermediates of N x H numbers is written to memory and read again. Here only what
goes into each activation is kept; the rest lives and dies within a block.

Shapes: N history positions, n of them in a block, B examples, D dimension, H the width of a layer,
R the rows of a table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd.function import once_differentiable

from din import device
from din.activations_in_blocks import InBlocks, column_sums
from din.segments import add_by_example, bags, edges_of

POSITIONS = 4096  # of a block: 1.3 MB for a layer of 80


class Weigh(torch.autograd.Function):
    """What the activation unit gives each history position, [N].

    The first layer is a sum: of the rows that a position looks up, by each of `places` [N] in a table [R, H] of its
    own, and of what it sees itself by `seen_HE`: v where `sees_item`, then u * v where `sees_product`, E numbers
    together. `tensors` are those tables, and then alpha, weight and bias in turn, of each activation and of the linear
    layer after it.
    """

    @staticmethod
    def forward(
        ctx: Any,
        activations: list[InBlocks],
        sees: tuple[bool, bool],
        places: list[torch.Tensor],
        u_BD: torch.Tensor,
        v_ND: torch.Tensor,
        seen_HE: torch.Tensor,
        *tensors: torch.Tensor,
    ) -> torch.Tensor:
        tables, layers = tensors[: len(places)], tensors[len(places) :]
        ctx.there_and_back = Pass(activations, *sees, places, u_BD, v_ND, seen_HE, tables, layers)
        return ctx.there_and_back.forward()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *of_raw_N: torch.Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return ctx.there_and_back.backward(of_raw_N[0].contiguous())


class Pool(torch.autograd.Function):
    """The weighted sum of each example's history, [B, D], and none where it has none."""

    @staticmethod
    def forward(
        ctx: Any, weights_N: torch.Tensor, v_ND: torch.Tensor, example_N: torch.Tensor, examples: int
    ) -> torch.Tensor:
        ctx.save_for_backward(weights_N, v_ND, example_N)
        every_N = torch.arange(len(v_ND))
        return bags(v_ND, every_N, edges_of(example_N, examples), weights_N)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *of_pooled_BD: torch.Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        weights_N, v_ND, example_N = ctx.saved_tensors
        of_weights_N, of_v_ND = torch.empty_like(weights_N), torch.empty_like(v_ND)
        ones_D = v_ND.new_ones(v_ND.shape[1])
        for rows in blocks(len(v_ND)):
            of_pooled_nD = of_pooled_BD[0].index_select(0, example_N[rows])
            torch.mul(of_pooled_nD, weights_N[rows, None], out=of_v_ND[rows])
            torch.mv(of_pooled_nD.mul_(v_ND[rows]), ones_D, out=of_weights_N[rows])
        return of_weights_N, of_v_ND, None, None


@dataclass
class Pass:
    """One pass over the positions, there and back. Layer 0 is the first; `weights[i]` lead from layer i to the next.
    The first of `places` is the example of each."""

    activations: list[InBlocks]
    sees_item: bool
    sees_product: bool
    places: list[torch.Tensor]
    u_BD: torch.Tensor
    v_ND: torch.Tensor
    seen_HE: torch.Tensor
    tables: tuple[torch.Tensor, ...]
    layers: tuple[torch.Tensor, ...]

    def __post_init__(self) -> None:
        self.weights, self.biases = self.layers[1::3], self.layers[2::3]
        self.positions, self.depth = len(self.v_ND), len(self.weights)
        self.example_N = self.places[0]
        self.edges_B = edges_of(self.example_N, len(self.u_BD))
        self.over_all = any(activation.over_all for activation in self.activations)
        self.s = [self.v_ND.new_empty(self.positions, weight.shape[1]) for weight in self.weights]

    def forward(self) -> torch.Tensor:
        raw_N = self.v_ND.new_empty(self.positions)
        if self.over_all:  # each activation needs all positions of its layer first
            for layer in range(self.depth + 1):
                for rows in blocks(self.positions):
                    self.climb(layer, rows, raw_N)
                if layer < self.depth:
                    self.activations[layer].measure()
        else:
            for rows in blocks(self.positions):
                for layer in range(self.depth + 1):
                    self.climb(layer, rows, raw_N)
        return raw_N

    def climb(self, layer: int, rows: slice, raw_N: torch.Tensor) -> None:
        """What goes into the activation of a layer, from the layer below; above the last, the weights themselves."""
        if layer == 0:
            self.first(rows)
            self.activations[0].arrived(self.s[0][rows], rows)
            return
        below_nH = self.s[layer - 1][rows]
        activation, weight, bias = self.activations[layer - 1], self.weights[layer - 1], self.biases[layer - 1]
        value_nH = activation.value(below_nH)
        if layer < self.depth:
            s_nH = torch.mm(value_nH, weight.T, out=self.s[layer][rows]).add_(bias)  # two passes; addmm takes longer
            self.activations[layer].arrived(s_nH, rows)
        else:
            torch.addmv(bias, value_nH, weight[0], out=raw_N[rows])

    def first(self, rows: slice) -> None:
        first_nH = self.s[0][rows]
        torch.index_select(self.tables[0], 0, self.places[0][rows], out=first_nH)
        for table_RH, place_N in zip(self.tables[1:], self.places[1:], strict=True):
            first_nH.add_(table_RH.index_select(0, place_N[rows]))
        if self.sees_item or self.sees_product:
            first_nH.addmm_(self.seen(rows, self.u_of(rows)), self.seen_HE.T)

    def u_of(self, rows: slice) -> torch.Tensor:
        return self.u_BD.index_select(0, self.example_N[rows])

    def seen(self, rows: slice, u_nD: torch.Tensor) -> torch.Tensor:
        """What each position sees itself, [n, E]."""
        v_nD = self.v_ND[rows]
        if not self.sees_product:
            return v_nD
        if not self.sees_item:
            return u_nD * v_nD
        seen_nE = v_nD.new_empty(len(v_nD), self.seen_HE.shape[1])
        in_common_nD = seen_nE[:, v_nD.shape[1] :]
        seen_nE[:, : v_nD.shape[1]] = v_nD
        torch.mul(u_nD, v_nD, out=in_common_nD)
        return seen_nE

    def backward(self, of_raw_N: torch.Tensor) -> tuple[Any, ...]:
        """The gradients of what `Weigh` takes, in its order, from that of the weights."""
        for activation in self.activations:
            activation.turn()
        self.of_layers = [torch.zeros_like(parameter) for parameter in self.layers]
        self.of_tables = [torch.zeros_like(table) for table in self.tables]
        self.of_u_BD, self.of_v_ND = torch.zeros_like(self.u_BD), torch.zeros_like(self.v_ND)
        self.of_seen_HE = torch.zeros_like(self.seen_HE)
        if self.over_all:
            self.layer_by_layer(of_raw_N)
        else:
            for rows in blocks(self.positions):
                gradient_nH = self.below_weights(rows, of_raw_N)
                for layer in reversed(range(1, self.depth)):
                    gradient_nH = self.below(layer, rows, gradient_nH)
                self.into_first(rows, gradient_nH)
        self.of_layers[::3] = [activation.of_alpha() for activation in self.activations]
        inputs = (self.of_u_BD, self.of_v_ND, self.of_seen_HE)
        return (None, None, None, *inputs, *self.of_tables, *self.of_layers)

    def layer_by_layer(self, of_raw_N: torch.Tensor) -> None:
        """Where an activation needs the gradients of all positions first, those of a whole layer are kept."""
        gradient_NH = torch.empty_like(self.s[-1])
        for rows in blocks(self.positions):
            self.below_weights(rows, of_raw_N, gradient_NH[rows])
        for layer in reversed(range(1, self.depth)):
            below_NH = torch.empty_like(self.s[layer - 1])
            for rows in blocks(self.positions):
                self.below(layer, rows, gradient_NH[rows], below_NH[rows])
            gradient_NH = below_NH
        for rows in blocks(self.positions):
            self.into_first(rows, gradient_NH[rows])

    def below_weights(self, rows: slice, of_raw_N: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        """The gradient of the last activation's value."""
        of_raw_n, last_nH, activation = of_raw_N[rows], self.s[-1][rows], self.activations[-1]
        value_nH, also = activation.value_and(last_nH)
        self.of_layers[-2][0] += of_raw_n @ value_nH
        self.of_layers[-1] += of_raw_n.sum()
        of_value_nH = torch.outer(of_raw_n, self.weights[-1][0], out=out)
        activation.look(of_value_nH, last_nH, also)
        return of_value_nH

    def below(
        self, layer: int, rows: slice, gradient_nH: torch.Tensor, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        """From the gradient of an activation's value to that of the value below."""
        s_nH, below_nH = self.s[layer][rows], self.s[layer - 1][rows]
        of_s_nH = self.activations[layer].gradient(gradient_nH, s_nH, rows)
        activation = self.activations[layer - 1]
        value_nH, also = activation.value_and(below_nH)
        self.of_layers[3 * layer - 2].addmm_(of_s_nH.T, value_nH)
        self.of_layers[3 * layer - 1] += column_sums(of_s_nH)
        of_value_nH = torch.mm(of_s_nH, self.weights[layer - 1], out=out)
        activation.look(of_value_nH, below_nH, also)
        return of_value_nH

    def into_first(self, rows: slice, gradient_nH: torch.Tensor) -> None:
        """From the gradient of the first activation's value to those of the first layer's inputs."""
        s_nH = self.s[0][rows]
        of_first_nH = self.activations[0].gradient(gradient_nH, s_nH, rows)
        add_by_example(self.of_tables[0], of_first_nH, self.edges_B, rows, self.example_N)
        for of_table_RH, place_N in zip(self.of_tables[1:], self.places[1:], strict=True):
            of_table_RH.index_add_(0, place_N[rows], of_first_nH)
        if self.sees_item or self.sees_product:
            self.into_seen(rows, of_first_nH)

    def into_seen(self, rows: slice, of_first_nH: torch.Tensor) -> None:
        """On to candidate and history item, by what each position sees itself."""
        u_nD, v_nD, of_v_nD = self.u_of(rows), self.v_ND[rows], self.of_v_ND[rows]
        self.of_seen_HE.addmm_(of_first_nH.T, self.seen(rows, u_nD))
        of_seen_nE = of_first_nH @ self.seen_HE
        if not self.sees_product:
            of_v_nD.copy_(of_seen_nE)
            return
        of_product_nD = of_seen_nE[:, -v_nD.shape[1] :]
        torch.mul(of_product_nD, u_nD, out=of_v_nD)
        if self.sees_item:
            of_v_nD.add_(of_seen_nE[:, : v_nD.shape[1]])
        add_by_example(self.of_u_BD, of_product_nD * v_nD, self.edges_B, rows, self.example_N)


def blocks(positions: int) -> Iterator[slice]:
    return device.blocks(positions, POSITIONS)
