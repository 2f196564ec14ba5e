"""Ours: CPU seconds of training steps and of ranking on the rows that the peers get, and how fast a product may be.

    python -m bench.model.din_speed --rows ROWS.npz --activation relu

The measure is of what a user of `din` does: cutting a batch out of the histories and `Trainer.step`; `din.rank`.
Counting how often the examples name each row, once for a training, is left out. Prints one line of JSON.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

import din
from bench.model.flops import ATTENTION, DIMENSION, TOP
from bench.peers.exchange import Rows, Sizes, load_exchange
from bench.peers.peer_speed import cpu_seconds
from din import Candidates, DinConfig, EventSequence, Examples, Spans, TrainConfig
from din.data.loader import BatchLoader
from din.device import pick_device
from din.kernels.numba_ops import NUMBA_AVAILABLE
from din.kernels.tiled_mlp import TILE_POSITIONS, matmul_add, zeros
from din.training.embedding_optimizer import key_counts
from din.training.trainer import Trainer

DAY = 86_400_000_000  # microseconds
SQUARE, TILES = 2048, 2000  # of the products that say how fast one may be


def shape(activation: str, form: str = "plain") -> DinConfig:
    """Of the benchmark. "plain" is what the peers do too: weights summed as they are, and nothing told of when an item
    was or whether it is the candidate's own; "default" has the softmax, the time buckets and the matches that a model
    of ours has unless told otherwise."""
    plain = {
        "attention_input": "product",
        "attention_normalization": "none",
        "time_buckets": 0,
        "repeat_features": False,
    }
    return DinConfig(
        embedding_dim=DIMENSION,
        attention_hidden_units=ATTENTION,
        mlp_hidden_units=TOP,
        activation=activation,
        **(plain if form == "plain" else {}),
    )


def examples_of(rows: Rows, sizes: Sizes) -> Examples:
    spans, shop_X = Spans(rows.start_X, rows.end_X), sizes.shop_of_G[rows.goods_X]
    return Examples(rows.user_X, rows.goods_X, shop_X, rows.label_X, np.full(len(rows), DAY), spans, spans)


def candidates_of(rows: Rows, sizes: Sizes, chosen: np.ndarray, each: int) -> Candidates:
    """The users whose candidates, `each` of them, are at the chosen places."""
    users, wanted = chosen[::each], rows.goods_X[chosen]
    spans, offsets = Spans(rows.start_X[users], rows.end_X[users]), np.arange(0, len(chosen) + 1, each)
    return Candidates(rows.user_X[users], offsets, wanted, sizes.shop_of_G[wanted], spans, spans, DAY)


def train_seconds(config: DinConfig, rows: Rows, sizes: Sizes, batch: int, steps: int) -> tuple[list[float], din.DIN]:
    examples, (goods, shops) = examples_of(rows, sizes), sequences(rows, sizes)
    tables = (sizes.goods_rows, sizes.shop_rows)
    counts = key_counts(examples, goods, shops, tables)
    trainer = Trainer(config, TrainConfig(batch_size=batch), tables, counts, steps)
    feed = BatchLoader(examples, goods, shops, (config.goods_length, config.shop_length), pick_device())

    def step(number: int) -> None:
        chosen = np.arange(number * batch, (number + 1) * batch) % len(examples)
        for cut, labels_B in feed.batches(chosen, batch):
            trainer.step(cut, labels_B)

    return [cpu_seconds(step, number) for number in range(steps)], trainer.model.eval()


def rank_seconds(model: din.DIN, rows: Rows, sizes: Sizes, pairs: int, each: int, steps: int) -> list[float]:
    goods, shops = sequences(rows, sizes)

    def step(number: int) -> None:
        chosen = np.arange(number * pairs, (number + 1) * pairs) % len(rows)
        din.rank(model, candidates_of(rows, sizes, chosen, each), goods, shops, k=each)

    return [cpu_seconds(step, number) for number in range(steps)]


def sequences(rows: Rows, sizes: Sizes) -> tuple[EventSequence, EventSequence]:
    ts = np.zeros(len(rows.goods_E), np.int64)
    return tuple(EventSequence(keys.astype(np.int32), ts) for keys in (rows.goods_E, sizes.shop_of_G[rows.goods_E]))


def product_speeds() -> dict[str, float]:
    """Operations a CPU second of products of float32 matrices, the best of five: of one large one, and of our own loop
    (din/kernels/tiled_mlp.py) in the cache, which is faster where the library leaves the widest vectors unused."""
    left, right = torch.rand(SQUARE, SQUARE), torch.rand(SQUARE, SQUARE)
    width, _ = ATTENTION
    weights_HH, tile_HP, out_HP = (
        np.ones((width, width), np.float32),
        zeros(width, TILE_POSITIONS),
        zeros(width, TILE_POSITIONS),
    )

    def in_the_cache() -> None:
        for _ in range(TILES):
            matmul_add(width, width, weights_HH, tile_HP, out_HP, TILE_POSITIONS)

    large = 2 * SQUARE**3 / min(cpu_seconds(torch.mm, left, right) for _ in range(5))
    if not NUMBA_AVAILABLE:
        return {"large": large, "in the cache": 0.0}
    in_cache = TILES * 2 * width * width * TILE_POSITIONS / min(cpu_seconds(in_the_cache) for _ in range(5))
    return {"large": large, "in the cache": in_cache}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--activation", choices=["dice", "relu"], required=True)
    parser.add_argument("--form", choices=["plain", "default"], default="plain")
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--pairs", type=int, default=4000)
    parser.add_argument("--candidates", type=int, default=200)
    parser.add_argument("--steps", type=int, default=10, help="measured, after one that is not")
    given = parser.parse_args()
    torch.set_num_threads(1)
    sizes, parts = load_exchange(given.rows, 100)
    config = shape(given.activation, given.form)
    train, model = train_seconds(config, parts["train"], sizes, given.batch, given.steps + 1)
    rank = rank_seconds(model, parts["rank"], sizes, given.pairs, given.candidates, given.steps + 1)
    print(json.dumps({"train": train[1:], "rank": rank[1:], "products": product_speeds()}))


if __name__ == "__main__":
    main()
