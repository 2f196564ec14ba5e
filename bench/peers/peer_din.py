"""The peer: its DIN learns from the rows of an exchange file, and scores the validation and the test.

    bench/.venvs/fuxictr/bin/python -m bench.peers.peer_din fuxictr "narrow" --rows ROWS.npz --scores SCORES.npz

Runs in the peer's own environment (bench/peers/__init__.py). Epochs of all rows in an order that the seed fixes, until
two in a row rank the validation no better than the best did; the weights of the best are the ones that score.
"""

import argparse
import copy
import time
from pathlib import Path

import numpy as np
import torch

from bench.peers import PEERS, Peer, maker
from bench.peers.exchange import Rows, Sizes, load_exchange
from bench.peers.settings import SETTINGS
from din.metrics import gauc

PATIENCE = 2
SCORING_BATCH = 4096


def learn(peer: Peer, rows: Rows, sizes: Sizes, batch_size: int, order: np.ndarray) -> float:
    """One epoch; the mean loss of its steps."""
    peer.model.train()
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches.pop()  # a batch norm cannot learn from one row
    return float(np.mean([peer.step(peer.inputs(rows.padded(chosen, sizes, peer.pads_first))) for chosen in batches]))


@torch.no_grad()
def scored(peer: Peer, rows: Rows, sizes: Sizes) -> np.ndarray:
    """The probability of every row, float32 [X]."""
    peer.model.eval()
    parts = np.array_split(np.arange(len(rows)), -(-len(rows) // SCORING_BATCH))
    return np.concatenate(
        [peer.scores(peer.inputs(rows.padded(part, sizes, peer.pads_first))).numpy() for part in parts]
    )


def trained(
    peer: Peer, parts: dict[str, Rows], sizes: Sizes, batch_size: int, epochs: int, seed: int
) -> tuple[int, float]:
    """Leaves the peer with the weights of its best epoch; says which that was, counted from one, and its GAUC."""
    train, valid = parts["train"], parts["valid"]
    best, at, weights = -np.inf, 0, {}
    for epoch in range(1, epochs + 1):
        order = np.random.default_rng([seed, epoch]).permutation(len(train))
        loss = learn(peer, train, sizes, batch_size, order)
        found = gauc(valid.user_X, valid.label_X, scored(peer, valid, sizes)).impressions
        print(f"epoch {epoch}: loss {loss:.4f}, validation GAUC {found:.4f}", flush=True)
        if found > best:
            best, at, weights = found, epoch, copy.deepcopy(peer.model.state_dict())
        else:
            peer.no_better()
        if epoch - at >= PATIENCE:
            break
    peer.model.load_state_dict(weights)
    return at, best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("setting", help="a name in bench/peers/settings.py")
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True, help="where the scores are to be written")
    parser.add_argument("--length", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=17)
    given = parser.parse_args()
    torch.set_num_threads(1)
    settings = SETTINGS[given.peer][given.setting]
    sizes, parts = load_exchange(given.rows, given.length)
    started = time.perf_counter()
    peer = maker(given.peer)(settings, sizes, given.seed)
    epoch, _ = trained(peer, parts, sizes, settings.batch_size, given.epochs, given.seed)
    seconds = time.perf_counter() - started
    scores = {part: scored(peer, parts[part], sizes) for part in ("valid", "test")}
    np.savez(given.scores, epoch=np.array(epoch), seconds=np.array(seconds), **scores)


if __name__ == "__main__":
    main()
