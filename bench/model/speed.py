"""Ours and each peer's DIN on one core: training samples and ranked pairs a CPU second, in one run, side by side.

    python -m bench.model.speed --work bench/work/speed [--peers fuxictr ...] [--rounds 3]

The same users, goods, shops and histories for all (bench/workloads/ranking_workload.py): dimension 32, goods and shops,
attention 80-40-1 over [u, v, u - v, u * v], top 200-80-1, batches of 4096 to train and 200 candidates a user to rank.
Each is run in a process of its own, in turn; medians over the rounds. Ratios are of ours and the peer in the same
round. Twice: with the allocator as it comes, and told to keep its memory (bench/allocator.py), for both sides. One
thread each.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

from bench.allocator import KEEPS_MEMORY
from bench.model.flops import PEER_FORMS, Work, ours_ranking, ours_training, padded, told_once
from bench.peers import PEERS, python_of
from bench.peers.exchange import load_exchange
from bench.workloads.ranking_workload import LONGEST, Crowd, write_crowd

SMALL = Crowd(users=2_000, goods=3_000, shops=400, ranked=40, candidates=20)
OURS = "ours"
USERS, OF_A_BUCKET = 20, 80  # whose candidates a peer scores at once, to fit its memory; and ours, as a night does
ALLOCATORS = {"as it comes": {}, "keeps memory": KEEPS_MEMORY}
Figures = dict[str, list[float]]


def run(name: str, arguments: list[str], allocator: dict[str, str]) -> dict:
    """What one process prints."""
    who = (
        [sys.executable, "-m", "bench.model.din_speed"]
        if name == OURS
        else [python_of(name), "-m", "bench.peers.peer_speed", name]
    )
    environment = os.environ | allocator | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([*who, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def in_turn(names: list[str], arguments: list[str], own: list[str], allocator: dict[str, str], rounds: int) -> dict:
    """Of each name, what each round printed."""
    found: dict[str, list[dict]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            found[name].append(run(name, arguments + (own if name == OURS else []), allocator))
    return found


def work_of(rows: Path, candidates: int, batch: int, pairs: int) -> dict[str, dict[str, Work]]:
    """The operations and bytes of one training sample and of one ranked pair."""
    sizes, parts = load_exchange(rows, LONGEST)
    train, rank = parts["train"], parts["rank"]
    ours = {"train": ours_training(told_once(train, sizes)).times(3), "rank": ours_ranking(rank, sizes, candidates)}
    peers = {
        name: {"train": padded(form, train, batch, LONGEST).times(3), "rank": padded(form, rank, pairs, LONGEST)}
        for name, form in PEER_FORMS.items()
    }
    return {OURS: ours} | peers


def rate_of(seconds: list[float], size: int) -> float:
    """Of a process: so many in each step, and the step in the middle, since others on the machine slow some down."""
    return size / statistics.median(seconds)


def peaks(found: dict[str, list[dict]]) -> list[float]:
    """Operations a CPU second of products of matrices, each way."""
    ways = ("large", "in the cache")
    return [statistics.median(printed["products"][way] for printed in found[OURS]) for way in ways]


def table(
    what: str, sizes: dict[str, int], found: dict[str, list[dict]], works: dict[str, dict[str, Work]]
) -> list[str]:
    """A row for each: a CPU second's worth, how many times that is ours, what one takes, the share of the limit."""
    peak = max(peaks(found))
    rates = {name: [rate_of(printed[what], sizes[name]) for printed in rounds] for name, rounds in found.items()}
    lines = [f"  {'':<16}{'a core-second':>14}{'ours is':>10}{'Mop':>8}{'kB':>8}{'of peak':>9}"]
    for name, rate in rates.items():
        times = statistics.median(own / its for own, its in zip(rates[OURS], rate, strict=True))
        work = works[name][what]
        share = statistics.median(rate) * work.operations / peak
        lines.append(
            f"  {name:<16}{statistics.median(rate):>14,.0f}{times:>9.1f}x{work.operations / 1e6:>8.2f}"
            f"{work.bytes / 1e3:>8.0f}{share:>9.1%}"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--activations", nargs="*", choices=["dice", "relu"], default=["dice", "relu"])
    parser.add_argument("--allocators", nargs="*", choices=ALLOCATORS, default=list(ALLOCATORS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3, help="of a peer's process, measured after one that is not")
    parser.add_argument("--small", action="store_true", help="tiny shapes, to see that everything runs")
    given = parser.parse_args()
    crowd, batch = (SMALL, 256) if given.small else (Crowd(), 4096)
    users, of_a_bucket = (10, 20) if given.small else (USERS, OF_A_BUCKET)
    pairs, own_pairs = users * crowd.candidates, of_a_bucket * crowd.candidates
    given.work.mkdir(parents=True, exist_ok=True)
    rows = given.work / f"crowd-{crowd.users}.npz"
    if not rows.exists():
        write_crowd(crowd, rows)
    works = work_of(rows, crowd.candidates, batch, pairs)
    print(f"{platform.processor() or platform.machine()}, {given.rounds} rounds of {given.steps} steps; {crowd}")
    for activation in given.activations:
        arguments = ["--rows", str(rows), "--activation", activation, "--batch", str(batch), "--pairs", str(pairs)]
        arguments += ["--steps", str(given.steps)]
        for name in given.allocators:
            own = ["--candidates", str(crowd.candidates), "--pairs", str(own_pairs)]
            found = in_turn([OURS, *given.peers], arguments, own, ALLOCATORS[name], given.rounds)
            large, in_cache = (speed / 1e9 for speed in peaks(found))
            print(f"\n{activation}, the allocator {name}; Gop a core-second of products of matrices:", end=" ")
            print(f"{large:.0f} of one large one, {in_cache:.0f} of our own in the cache; the peak is the higher")
            for what, sizes, title in (
                ("train", dict.fromkeys(found, batch), "training samples"),
                ("rank", dict.fromkeys(found, pairs) | {OURS: own_pairs}, "ranked pairs"),
            ):
                print(f"  {title}", *table(what, sizes, found, works), sep="\n", flush=True)


if __name__ == "__main__":
    main()
