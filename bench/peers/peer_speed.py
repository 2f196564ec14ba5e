"""The peer: CPU seconds of its training steps and of its ranking, on the rows of an exchange file.

    bench/.venvs/fuxictr/bin/python -m bench.peers.peer_speed fuxictr --rows ROWS.npz --activation relu

Runs in the peer's own environment. The measure is of what its trainer does with a batch, and of its model's scores of
all candidates of some users; padding the batches, which its loader would do, is left out. Prints one line of JSON.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from bench.model.flops import ATTENTION, DIMENSION, TOP
from bench.peers import PEERS, maker
from bench.peers.exchange import load_exchange
from bench.peers.settings import Settings

OWN_REGULARISATION = {"fuxictr": 0.0, "recbole": 0.0, "torch-rechub": 1e-5, "deepctr-torch": 1e-6}  # their defaults


def settings_of(peer: str, activation: str) -> Settings:
    """The shape that all are measured at; DeepCTR-Torch's top net is always ReLU, RecBole chooses for itself."""
    return Settings(
        DIMENSION,
        ATTENTION,
        TOP,
        attention_activation=activation,
        top_activation="relu" if peer == "deepctr-torch" else activation,
        regularisation=OWN_REGULARISATION[peer],
    )


def cpu_seconds(task: Callable[..., object], *given: object) -> float:
    """Of all threads of this process."""
    started = time.process_time()
    task(*given)
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--activation", choices=["dice", "relu"], required=True)
    parser.add_argument("--length", type=int, default=100)
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--pairs", type=int, default=4000, help="ranked at once: candidates of some users")
    parser.add_argument("--steps", type=int, default=3, help="measured, after one that is not")
    given = parser.parse_args()
    torch.set_num_threads(1)
    sizes, parts = load_exchange(given.rows, given.length)
    peer = maker(given.peer)(settings_of(given.peer, given.activation), sizes, 17)

    def batches(part: str, size: int) -> list[object]:
        chosen = [np.arange(i * size, (i + 1) * size) % len(parts[part]) for i in range(given.steps + 1)]
        return [peer.inputs(parts[part].padded(rows, sizes, peer.pads_first)) for rows in chosen]

    train = [cpu_seconds(peer.step, inputs) for inputs in batches("train", given.batch)]
    peer.model.eval()
    with torch.no_grad():
        rank = [cpu_seconds(peer.scores, inputs) for inputs in batches("rank", given.pairs)]
    print(json.dumps({"train": train[1:], "rank": rank[1:]}))


if __name__ == "__main__":
    main()
