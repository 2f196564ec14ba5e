"""Shapes -> how many operations and bytes a sample takes, of ours and of each peer.

An operation is a multiplication or an addition of a matrix product; bytes are of the tensors between the layers, each
written and read once. A training step takes three times the forward pass, for each product has two in the backward
pass. Tables, activations' own arithmetic and the optimizer are left out: this is what the shapes ask for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bench.peers.exchange import Rows, Sizes

DIMENSION, ATTENTION, TOP = 32, (80, 40), (200, 80)
FLOAT = 4


class Work(NamedTuple):
    operations: float
    bytes: float

    def times(self, count: float) -> "Work":
        return Work(self.operations * count, self.bytes * count)

    def plus(self, other: "Work") -> "Work":
        return Work(self.operations + other.operations, self.bytes + other.bytes)


@dataclass(frozen=True)
class Form:
    """How a peer goes about it: activation units, width of an item, width of the top net's input, and its layers; and
    whether a batch is padded to its own longest history, or to the longest that may come."""

    units: int
    item: int
    top_input: int
    top: tuple[int, ...] = TOP
    to_own_longest: bool = False


PEER_FORMS = {
    "fuxictr": Form(1, 2 * DIMENSION, 4 * DIMENSION, to_own_longest=True),
    "recbole": Form(1, 2 * DIMENSION, 6 * DIMENSION, ATTENTION),
    "torch-rechub": Form(2, DIMENSION, 6 * DIMENSION),
    "deepctr-torch": Form(1, 2 * DIMENSION, 4 * DIMENSION),
}


def net(inputs: int, widths: Sequence[int]) -> Work:
    """A row through the layers to one number: each layer's output, and that of its activation."""
    products = sum(a * b for a, b in zip([inputs, *widths], [*widths, 1], strict=True))
    return Work(2 * products, 2 * FLOAT * (inputs + 2 * sum(widths) + 1))


def padded(form: Form, rows: Rows, batch: int, longest: int) -> Work:
    """The textbook's forward pass of one sample: [u, v, u - v, u * v] of every position, padding included."""
    lengths = rows.end_X - rows.start_X
    own = np.maximum.reduceat(lengths, np.arange(0, len(lengths), batch)).mean()
    positions = float(own) if form.to_own_longest else longest
    position = net(4 * form.item, ATTENTION).plus(Work(2 * form.item, 2 * FLOAT * form.item))
    return position.times(form.units * positions).plus(net(form.top_input, form.top))


def ours_training(positions: float) -> Work:
    """One example's forward pass: the first layer in parts, nothing padded; so many `positions` in its two groups
    together. The item's part could be worked out once for each row that a batch names, and is left out; ours works it
    out for each position where few of them share a row.

    Of width D pass a position: the item, the candidate, their product, the weighed item. Of width H: the parts of the
    first layer, their sums, the activation.
    """
    first, second = ATTENTION
    products = DIMENSION * first + first * second + second + DIMENSION
    position = Work(2 * products, 2 * FLOAT * (4 * DIMENSION + 6 * first + 2 * second + 1))
    candidate = Work(2 * DIMENSION * first, 2 * FLOAT * first)
    return position.times(positions).plus(candidate.times(2)).plus(net(6 * DIMENSION, TOP))


def told_once(rows: Rows, sizes: Sizes) -> float:
    """The history positions of an example in both groups, what repeats told once, in the mean."""
    lengths = rows.end_X - rows.start_X
    example_N = np.repeat(np.arange(len(rows)), lengths)
    place_N = np.arange(lengths.sum()) + np.repeat(rows.start_X - (lengths.cumsum() - lengths), lengths)
    goods_N = rows.goods_E[place_N]
    together = [len(np.unique(example_N << 32 | keys_N)) for keys_N in (goods_N, sizes.shop_of_G[goods_N])]
    return sum(together) / len(rows)


def ours_ranking(rows: Rows, sizes: Sizes, candidates: int) -> Work:
    """One pair of a user and a candidate, by the first layer in parts; what repeats is attended once, on both sides."""
    first, second = ATTENTION
    meeting = Work(
        2 * (DIMENSION * first + first * second + second + DIMENSION), 2 * FLOAT * (3 * first + 2 * second + 1)
    )
    alone = Work(2 * DIMENSION * first, 2 * FLOAT * first)  # of an item or a candidate
    meetings = by_itself = 0
    for user in range(0, len(rows), candidates):
        history, wanted = (
            (goods, sizes.shop_of_G[goods])
            for goods in (rows.goods_E[rows.start_X[user] : rows.end_X[user]], rows.goods_X[user : user + candidates])
        )
        for items, targets in zip(history, wanted, strict=True):
            seen, asked = len(np.unique(items)), len(np.unique(targets))
            meetings += seen * asked
            by_itself += seen + asked
    return meeting.times(meetings / len(rows)).plus(alone.times(by_itself / len(rows))).plus(net(6 * DIMENSION, TOP))
