"""The peers on the rows of bench/model/quality.py: each learns in its own environment, and one function judges all.

A peer's settings (bench/peers/settings.py) are each tried with the first seed. Those that rank the validation best are
run with the other seeds too, and only their test is looked at. What a peer has scored is kept in the work folder and
not made again; delete the file to have it made.
"""

import os
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

import din
from bench.allocator import KEEPS_MEMORY
from bench.peers import python_of
from bench.peers.exchange import load_exchange
from bench.peers.settings import SETTINGS


class Run(NamedTuple):
    """Validation and test GAUC, and the seconds it took to train."""

    valid: float
    test: float
    seconds: float


@dataclass(frozen=True)
class Asked:
    work: Path
    length: int
    epochs: int
    seeds: list[int]
    setting: str | None


def line(name: str, found: Sequence[tuple[float, float, float]]) -> str:
    """A row of the table: means over the seeds, and how far the tests of the seeds spread."""
    valid, test, seconds = zip(*found, strict=True)
    spread = statistics.stdev(test) if len(test) > 1 else 0.0
    return (
        f"{name:<28}{statistics.mean(valid):>9.4f}{statistics.mean(test):>9.4f}{spread:>9.4f}"
        f"{statistics.mean(seconds):>9.1f}"
    )


def run_of(peer: str, setting: str, seed: int, asked: Asked) -> Run:
    """Reads what the peer scored, after having it made where it is not there. Raises RuntimeError where it failed."""
    scores = asked.work / f"{peer}, {setting}, {asked.epochs} epochs, {seed}.npz"
    if not scores.exists():
        have_scored(peer, setting, seed, scores, asked)
    _, parts = load_exchange(asked.work / "rows.npz", asked.length)
    with np.load(scores) as file:
        valid, test = (
            din.evaluate(parts[part].user_X, parts[part].label_X, file[part]).gauc for part in ("valid", "test")
        )
        return Run(valid, test, float(file["seconds"]))


def have_scored(peer: str, setting: str, seed: int, scores: Path, asked: Asked) -> None:
    """Runs the peer in its environment; what it says goes into a file beside the scores."""
    log = scores.with_suffix(".log")
    command = [
        *(python_of(peer), "-W", "ignore", "-m", "bench.peers.peer_din", peer, setting),
        *("--rows", asked.work / "rows.npz", "--scores", scores),
        *("--length", str(asked.length), "--epochs", str(asked.epochs), "--seed", str(seed)),
    ]
    environment = os.environ | KEEPS_MEMORY | {"OMP_NUM_THREADS": "1"}
    with log.open("w") as said:
        done = subprocess.run(command, env=environment, stdout=said, stderr=said, check=False)
    if done.returncode:
        raise RuntimeError(f"{peer}, {setting}, seed {seed} failed; what it said is in {log}")


def lines_of(peer: str, asked: Asked) -> list[str]:
    """Each setting that was tried, by its validation, and the chosen one with all seeds."""
    first, *others = asked.seeds
    tried = {name: run_of(peer, name, first, asked) for name in ([asked.setting] if asked.setting else SETTINGS[peer])}
    chosen = max(tried, key=lambda name: tried[name].valid)
    found = [tried[chosen], *(run_of(peer, chosen, seed, asked) for seed in others)]
    return [
        *(f"  {peer + ', ' + name:<26}{run.valid:>9.4f}{'':>18}{run.seconds:>9.1f}" for name, run in tried.items()),
        line(f"{peer}, {chosen}", found),
    ]


def runs(peers: list[str], asked: Asked, jobs: int) -> Iterator[str]:
    with ThreadPoolExecutor(jobs) as pool:
        for lines in pool.map(lambda peer: lines_of(peer, asked), peers):
            yield from lines
