"""What a pass over memory takes on a processor, beside the matrix product it goes with, and by which way (decisions 15,
20 and 21).

    python -m bench.model.microbench [--positions 4096]

Of a block of positions, 80 numbers wide, that has just been used; one thread. Median microseconds of each way.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from bench.model.flops import ATTENTION, DIMENSION
from din import DinConfig
from din.data.dedup_history import first_in_order, first_occurrences
from din.kernels import activation_kernels, numba_ops
from din.kernels.segment_ops import concat_tables, embedding_bag, segment_offsets
from din.kernels.tiled_mlp import TILE_POSITIONS, Layers, forward_hidden_layers, tiles_for
from din.memory import disable_malloc_trim
from din.model.activations import Dice
from din.model.din import ActivationUnit
from din.model.folded_mlp import FoldedMLP
from din.ranking.tiled_backend import pack_layers
from din.training.unique_rows import unique_rows_bitmap

KEYS, EVENTS_OF_AN_EXAMPLE = 127_000, 23  # of a batch of 4,096 examples of the benchmark's users
TABLE_ROWS = (200_000, 2_000_000)  # up to sixteen for each key
ROUNDS = 51


def microseconds(way: Callable[[], object]) -> float:
    def once() -> float:
        started = time.perf_counter()
        way()
        return 1e6 * (time.perf_counter() - started)

    return statistics.median(once() for _ in range(ROUNDS))


def bags(
    values_ND: torch.Tensor, chosen_M: torch.Tensor, edges: torch.Tensor, times_M: torch.Tensor | None = None
) -> torch.Tensor:
    """The sum of the chosen rows between each two edges, each counted so many times."""
    return functional.embedding_bag(
        chosen_M, values_ND, edges, mode="sum", per_sample_weights=times_M, include_last_offset=True
    )


def of_a_block(positions: int) -> dict[str, Callable[[], object]]:
    first, second = ATTENTION
    s_nH, gradient_nH, out_nH = (torch.randn(positions, first) for _ in range(3))
    weight, bias, to_second_nH = torch.randn(second, first), torch.randn(second), torch.empty(positions, second)
    s_Hn, to_second_Hn = torch.randn(first, positions), torch.empty(second, positions)
    sum_BH = torch.zeros(positions, first)
    example_n = torch.arange(positions) // EVENTS_OF_AN_EXAMPLE
    edges_B, every_n = segment_offsets(example_n, int(example_n[-1]) + 1), torch.arange(positions)
    dice = Dice(first).eval()
    of_dice = [of.detach().numpy() for of in (-dice.running_var, dice.running_mean, dice.alpha)]
    return {
        f"product of matrices, {first} to {second}": lambda: torch.mm(s_nH, weight.T, out=to_second_nH),
        "  positions in columns": lambda: torch.mm(weight, s_Hn, out=to_second_Hn),
        "  its bias by addmm": lambda: torch.addmm(bias, s_nH, weight.T, out=to_second_nH),
        "  its bias after it": lambda: torch.mm(s_nH, weight.T, out=to_second_nH).add_(bias),
        "product, element by element": lambda: s_nH * gradient_nH,
        "ReLU beside its input": lambda: torch.relu(s_nH),
        "ReLU in its place": lambda: out_nH.relu_(),
        "sigmoid": lambda: torch.sigmoid(s_nH),
        "tanh": lambda: torch.tanh(s_nH),
        "sum by example, index_add_": lambda: sum_BH.index_add_(0, example_n, s_nH),
        "sum by example, bags": lambda: bags(s_nH, every_n, edges_B),
        "  sum by example, compiled": lambda: numba_ops.scatter_add(sum_BH.numpy(), example_n.numpy(), s_nH.numpy()),
        "Dice, layer by layer": lambda: dice(s_nH),
        "  Dice, compiled": lambda: activation_kernels.dice(s_nH.numpy(), *of_dice, out_nH.numpy()),
    }


def of_the_first_layer(positions: int) -> dict[str, Callable[[], object]]:
    """What is seen of v and of u * v, one matrix beside the other or each by itself, there and back; rows of two tables
    added; and the gradient that the last layer hands down."""
    width, second = ATTENTION
    u_nD, v_nD = torch.randn(positions, DIMENSION), torch.randn(positions, DIMENSION)
    first_nH, weight_HD = torch.randn(positions, width), torch.randn(width, DIMENSION)
    weight_HE, of_weight_n, to_raw_1H = (
        torch.randn(width, 2 * DIMENSION),
        torch.randn(positions),
        torch.randn(1, second),
    )
    tables, place_nM = [torch.randn(positions, width)] * 2, torch.randint(positions, (positions, 2))
    every_row, both_nM = concat_tables(tables, place_nM.unbind(1))

    def side_by_side() -> torch.Tensor:
        seen_nE = torch.empty(positions, 2 * DIMENSION)
        seen_nE[:, :DIMENSION] = v_nD
        torch.mul(u_nD, v_nD, out=seen_nE[:, DIMENSION:])
        return first_nH.addmm(seen_nE, weight_HE.T)

    def apart() -> torch.Tensor:
        return first_nH.addmm(v_nD, weight_HD.T).addmm_(u_nD * v_nD, weight_HD.T)

    def side_by_side_back() -> torch.Tensor:
        of_seen_nE = first_nH @ weight_HE
        of_product_nD = of_seen_nE[:, DIMENSION:]
        return (of_product_nD * u_nD).add_(of_seen_nE[:, :DIMENSION]) + of_product_nD * v_nD

    def apart_back() -> torch.Tensor:
        of_product_nD = first_nH @ weight_HD
        return (first_nH @ weight_HD).addcmul_(of_product_nD, u_nD) + of_product_nD.mul_(v_nD)

    def gathered() -> torch.Tensor:
        one, other = (table.index_select(0, at) for table, at in zip(tables, place_nM.unbind(1), strict=True))
        return one.add_(other)

    return {
        "v and u * v side by side": side_by_side,
        "  apart": apart,
        "  back, side by side": side_by_side_back,
        "  back, apart": apart_back,
        "rows of two tables, gathered and added": gathered,
        "  by bags": lambda: embedding_bag(every_row, both_nM),
        "  compiled": lambda: numba_ops.gather_sum(every_row.numpy(), both_nM.numpy(), first_nH.numpy()),
        "into the last layer, by outer": lambda: torch.outer(of_weight_n, to_raw_1H[0]),
        "  by a product of matrices": lambda: of_weight_n[:, None] @ to_raw_1H,
    }


def of_ranking(positions: int) -> dict[str, Callable[[], object]]:
    """The layers after the first of an activation unit that learns no longer. What a settled net leaves in the place of
    its input is as good a block for its next round. In tiles so many whole ones as there is room for."""
    ways: dict[str, Callable[[], object]] = {}
    for activation in ("relu", "dice"):
        unit = ActivationUnit(
            DinConfig(embedding_dim=DIMENSION, attention_hidden_units=ATTENTION, activation=activation)
        ).eval()
        nets = nn.Sequential(*(layer for pair in unit.layers() for layer in pair)), FoldedMLP(unit.layers())
        s_nH = torch.randn(positions, ATTENTION[0])
        s_1H1n, bias_1H1 = s_nH.T.contiguous()[None, :, None], torch.zeros(1, ATTENTION[0], 1)
        in_tiles = pack_layers(unit.of_common(), unit.first.bias, nets[1])
        _, tiles_LHP = tiles_for(in_tiles)
        tiles_LHP[0, : ATTENTION[0]] = np.random.default_rng(0).standard_normal((ATTENTION[0], TILE_POSITIONS))
        raw_P = np.empty(TILE_POSITIONS, np.float32)

        def tile_after_tile(in_tiles: Layers = in_tiles, tiles_LHP: np.ndarray = tiles_LHP, raw_P=raw_P) -> None:
            for _ in range(positions // TILE_POSITIONS):
                forward_hidden_layers(in_tiles, tiles_LHP, raw_P, TILE_POSITIONS)

        ways |= {
            f"{activation} and on, layer by layer": partial(nets[0], s_nH),
            f"{activation} and on, settled, in columns": partial(nets[1], s_1H1n, bias_1H1),
            f"{activation} and on, in {positions // TILE_POSITIONS} tiles": tile_after_tile,
        }
    return ways


def of_a_batch() -> dict[str, Callable[[], object]]:
    generator = torch.Generator().manual_seed(0)
    keys_N = (TABLE_ROWS[0] * torch.rand(KEYS, generator=generator) ** 4).long()  # some often, many seldom
    number_N = torch.arange(KEYS) // EVENTS_OF_AN_EXAMPLE * TABLE_ROWS[0] + keys_N
    example_N, v_ND, weights_N = (
        torch.arange(KEYS) // EVENTS_OF_AN_EXAMPLE,
        torch.randn(KEYS, DIMENSION),
        torch.rand(KEYS),
    )
    examples, every_N = int(example_N[-1]) + 1, torch.arange(KEYS)
    ways: dict[str, Callable[[], object]] = {
        "rows that the keys name, by a sort": lambda: torch.unique(keys_N, return_inverse=True)
    }
    for rows in TABLE_ROWS:
        ways[f"  by marks, of {rows:,}"] = lambda rows=rows: unique_rows_bitmap(keys_N.numpy(), rows)
    return ways | {
        "repeats, by an order": lambda: first_in_order(number_N),
        "repeats, with their places": lambda: first_occurrences(number_N),
        "pooled, weighed and index_add_": lambda: v_ND.new_zeros(examples, DIMENSION).index_add_(
            0, example_N, weights_N[:, None] * v_ND
        ),
        "pooled, bags": lambda: bags(v_ND, every_N, segment_offsets(example_N, examples), weights_N),
        "pooled, compiled": lambda: numba_ops.segment_weighted_sum(
            weights_N.numpy(), v_ND.numpy(), example_N.numpy(), np.zeros((examples, DIMENSION), np.float32)
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--positions", type=int, default=4096, help="of a block")
    given = parser.parse_args()
    torch.set_num_threads(1)
    disable_malloc_trim()
    torch.set_grad_enabled(False)
    for what, ways in (
        (f"a block of {given.positions:,} positions", of_a_block(given.positions)),
        ("the same, of the first layer and of the last", of_the_first_layer(given.positions)),
        ("the same in ranking, after the first layer", of_ranking(given.positions)),
        (f"a batch of {KEYS:,} positions", of_a_batch()),
    ):
        print(f"{what}: microseconds")
        for name, way in ways.items():
            print(f"  {name:<38}{microseconds(way):>10,.0f}")


if __name__ == "__main__":
    main()
