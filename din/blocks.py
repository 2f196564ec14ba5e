"""The activation unit over all history positions of a batch, on a processor: the formula of din/model.py in blocks that
stay in the cache, with its gradient written out.

Left to autograd, each of some thirty intermediates of N x H numbers is written to memory and read again. Here only what
goes into each activation is kept; the rest lives and dies within a block.

Shapes: N history positions, n of them in a block, B examples, D dimension, H the width of a layer,
R the rows of a table.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd.function import once_differentiable

from din import device
from din.activations_in_blocks import InBlocks, column_sums
from din.segments import Block, bags, blocks_of, edges_of, end_to_end, sums_of_rows

POSITIONS = 4096  # of a block: 1.3 MB for a layer of 80


class Weigh(torch.autograd.Function):
    """What the activation unit gives each history position, [N].

    The first layer is a sum: of the rows that a position looks up, by each of `places` [N] in a table [R, H] of its
    own, of v by `item_HD`, and of u * v by `common_HD`; those two have no column where that is not seen. `tensors` are
    the tables, and then alpha, weight and bias in turn, of each activation and of the linear layer after it.
    """

    @staticmethod
    def forward(
        ctx: Any,
        activations: list[InBlocks],
        places: list[torch.Tensor],
        u_BD: torch.Tensor,
        v_ND: torch.Tensor,
        item_HD: torch.Tensor,
        common_HD: torch.Tensor,
        *tensors: torch.Tensor,
    ) -> torch.Tensor:
        tables, layers = tensors[: len(places)], tensors[len(places) :]
        ctx.there_and_back = Pass(activations, places, u_BD, v_ND, item_HD, common_HD, tables, layers)
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
        for rows in device.blocks(len(v_ND), POSITIONS):
            of_pooled_nD = of_pooled_BD[0].index_select(0, example_N[rows])
            torch.mul(of_pooled_nD, weights_N[rows, None], out=of_v_ND[rows])
            torch.mv(of_pooled_nD.mul_(v_ND[rows]), ones_D, out=of_weights_N[rows])
        return of_weights_N, of_v_ND, None, None


@dataclass
class Pass:
    """One pass over the positions, there and back. Layer 0 is the first; `weights[i]` lead from layer i to the next.
    The first of `places` is the example of each."""

    activations: list[InBlocks]
    places: list[torch.Tensor]
    u_BD: torch.Tensor
    v_ND: torch.Tensor
    item_HD: torch.Tensor
    common_HD: torch.Tensor
    tables: tuple[torch.Tensor, ...]
    layers: tuple[torch.Tensor, ...]

    def __post_init__(self) -> None:
        self.weights, self.biases = self.layers[1::3], self.layers[2::3]
        self.positions, self.depth = len(self.v_ND), len(self.weights)
        self.sees_item, self.sees_product = self.item_HD.shape[1] > 0, self.common_HD.shape[1] > 0
        self.example_N = self.places[0]
        self.blocks = blocks_of(self.example_N, len(self.u_BD), POSITIONS)
        if len(self.tables) > 1:
            self.every_row, self.place_NM = end_to_end(self.tables, self.places)
        self.over_all = any(activation.over_all for activation in self.activations)
        self.s = [self.v_ND.new_empty(self.positions, weight.shape[1]) for weight in self.weights]

    def forward(self) -> torch.Tensor:
        raw_N = self.v_ND.new_empty(self.positions)
        if self.over_all:  # each activation needs all positions of its layer first
            for layer in range(self.depth + 1):
                for block in self.blocks:
                    self.climb(layer, block.rows, raw_N)
                if layer < self.depth:
                    self.activations[layer].measure()
        else:
            for block in self.blocks:
                for layer in range(self.depth + 1):
                    self.climb(layer, block.rows, raw_N)
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
        if len(self.tables) == 1:
            torch.index_select(self.tables[0], 0, self.example_N[rows], out=first_nH)
        else:
            first_nH.copy_(sums_of_rows(self.every_row, self.place_NM[rows]))
        if self.sees_item:
            first_nH.addmm_(self.v_ND[rows], self.item_HD.T)
        if self.sees_product:
            first_nH.addmm_(self.u_of(rows).mul_(self.v_ND[rows]), self.common_HD.T)

    def u_of(self, rows: slice) -> torch.Tensor:
        return self.u_BD.index_select(0, self.example_N[rows])

    def backward(self, of_raw_N: torch.Tensor) -> tuple[Any, ...]:
        """The gradients of what `Weigh` takes, in its order, from that of the weights."""
        for activation in self.activations:
            activation.turn()
        self.of_layers = [torch.zeros_like(parameter) for parameter in self.layers]
        self.of_tables = [torch.zeros_like(table) for table in self.tables]
        self.of_u_BD = torch.zeros_like(self.u_BD)
        self.of_v_ND = torch.empty_like(self.v_ND)
        self.of_item_HD, self.of_common_HD = torch.zeros_like(self.item_HD), torch.zeros_like(self.common_HD)
        if self.over_all:
            self.layer_by_layer(of_raw_N)
        else:
            for block in self.blocks:
                gradient_nH = self.below_weights(block.rows, of_raw_N)
                for layer in reversed(range(1, self.depth)):
                    gradient_nH = self.below(layer, block.rows, gradient_nH)
                self.into_first(block, gradient_nH)
        self.of_layers[::3] = [activation.of_alpha() for activation in self.activations]
        inputs = (self.of_u_BD, self.of_v_ND, self.of_item_HD, self.of_common_HD)
        return (None, None, *inputs, *self.of_tables, *self.of_layers)

    def layer_by_layer(self, of_raw_N: torch.Tensor) -> None:
        """Where an activation needs the gradients of all positions first, those of a whole layer are kept."""
        gradient_NH = torch.empty_like(self.s[-1])
        for block in self.blocks:
            self.below_weights(block.rows, of_raw_N, gradient_NH[block.rows])
        for layer in reversed(range(1, self.depth)):
            below_NH = torch.empty_like(self.s[layer - 1])
            for block in self.blocks:
                self.below(layer, block.rows, gradient_NH[block.rows], below_NH[block.rows])
            gradient_NH = below_NH
        for block in self.blocks:
            self.into_first(block, gradient_NH[block.rows])

    def below_weights(self, rows: slice, of_raw_N: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        """The gradient of the last activation's value."""
        of_raw_n, last_nH, activation = of_raw_N[rows], self.s[-1][rows], self.activations[-1]
        value_nH, also = activation.value_and(last_nH)
        self.of_layers[-2][0] += of_raw_n @ value_nH
        self.of_layers[-1] += of_raw_n.sum()
        of_value_nH = torch.mm(of_raw_n[:, None], self.weights[-1], out=out)  # takes half as long as torch.outer
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

    def into_first(self, block: Block, gradient_nH: torch.Tensor) -> None:
        """From the gradient of the first activation's value to those of the first layer's inputs."""
        rows = block.rows
        of_first_nH = self.activations[0].gradient(gradient_nH, self.s[0][rows], rows)
        block.add(self.of_tables[0], of_first_nH)
        for of_table_RH, place_N in zip(self.of_tables[1:], self.places[1:], strict=True):
            of_table_RH.index_add_(0, place_N[rows], of_first_nH)
        self.into_seen(block, of_first_nH)

    def into_seen(self, block: Block, of_first_nH: torch.Tensor) -> None:
        """On to candidate and history item, by what each position sees itself."""
        rows = block.rows
        v_nD, of_v_nD = self.v_ND[rows], self.of_v_ND[rows]
        if self.sees_item:
            self.of_item_HD.addmm_(of_first_nH.T, v_nD)
            torch.mm(of_first_nH, self.item_HD, out=of_v_nD)
        else:
            of_v_nD.zero_()
        if self.sees_product:
            u_nD = self.u_of(rows)
            self.of_common_HD.addmm_(of_first_nH.T, u_nD * v_nD)
            of_product_nD = of_first_nH @ self.common_HD
            of_v_nD.addcmul_(of_product_nD, u_nD)
            block.add(self.of_u_BD, of_product_nD.mul_(v_nD))
