"""What each pooling, each form of DIN and each peer's DIN ranks like, on the same rows.

    python -m bench.model.quality --data ../shared/data/amazon_beauty --seeds 3 [--peers]
    python -m bench.model.quality --data ../shared/data/completejourney --last-days 7 --seeds 3 [--peers]

By the protocol of the paper's Amazon experiment, or with --last-days by time (bench/workloads/splits.py). Every variant
learns from the same rows for at most the same epochs; the weights of the epoch that ranked the validation best are
tested. Peers learn from the same rows in environments of their own (bench/peers/peer_quality.py).
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import din
from bench.peers import PEERS, peer_quality
from bench.peers.exchange import Rows, save_exchange
from bench.workloads.splits import Split, by_days, leave_one_out, read
from din import DinConfig, TrainConfig

PAPER: dict[str, Any] = {
    "attention_input": "difference",
    "attention_normalization": "none",
    "time_buckets": 0,
    "repeat_features": False,
}
VARIANTS: dict[str, dict[str, Any]] = {
    "mean": {"pooling": "mean", "repeat_features": False},
    "decay": {"pooling": "decay", "repeat_features": False},
    "din": {},
    "mean matches": {"pooling": "mean"},
    "decay matches": {"pooling": "decay"},
    "paper": PAPER,
    "paper prelu": PAPER | {"activation": "prelu"},
    "paper product": PAPER | {"attention_input": "product"},
    "paper times": PAPER | {"time_buckets": 12},
    "paper softmax": PAPER | {"attention_normalization": "softmax"},
    "din no softmax": {"attention_normalization": "none"},
    "din no times": {"time_buckets": 0},
    "din no matches": {"repeat_features": False},
    "din prelu": {"activation": "prelu"},
}


def write_exchange(data: Split, path: Path) -> None:
    """The same rows for the peers. Histories are of goods alone: a goods has one shop, and 0 stands for the unknown."""
    parts = {
        name: Rows(
            data.goods.keys, part.user_keys, part.goods_keys, part.labels, part.goods_spans.start, part.goods_spans.end
        )
        for name, part in (("train", data.train), ("valid", data.valid), ("test", data.test))
    }
    save_exchange(path, data.goods.keys, data.shop_of, data.rows[1], **parts)


def measured(data: Split, config: DinConfig, train: TrainConfig) -> tuple[float, float, float]:
    """Validation and test GAUC, and the seconds it took to train."""
    started = time.perf_counter()
    sequences = (data.goods, data.shops)
    model = din.fit(config, train, data.train, *sequences, data.rows, valid=data.valid)
    seconds = time.perf_counter() - started
    gauc = [
        din.evaluate(part.user_keys, part.labels, din.predict(model, part, *sequences)).gauc
        for part in (data.valid, data.test)
    ]
    return gauc[0], gauc[1], seconds


def runs(data: Split, names: list[str], config: DinConfig, train: TrainConfig, seeds: int) -> Iterator[str]:
    for name in names:
        found = [
            measured(data, replace(config, **VARIANTS[name]), replace(train, seed=train.seed + seed))
            for seed in range(seeds)
        ]
        yield peer_quality.line(name, found)


def settings(given: list[str]) -> dict[str, Any]:
    """`name=number` pairs."""
    pairs = (pair.split("=") for pair in given)
    return {name: float(value) if "." in value or "e" in value else int(value) for name, value in pairs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--last-days", type=int, help="so many days are the test, not the last goods of each user")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--variants", nargs="*", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--din", nargs="*", default=[], help="settings of the model, as in embedding_dim=32")
    parser.add_argument("--train", nargs="*", default=[], help="settings of the training, as in embedding_l2=0.01")
    parser.add_argument("--length", type=int, default=100, help="of the histories, newest kept, ours and the peers'")
    parser.add_argument("--peers", nargs="*", choices=PEERS, help="run these beside ours; without a name, all")
    parser.add_argument("--setting", help="of the peers, in place of the one that ranks the validation best")
    parser.add_argument("--epochs", type=int, default=10, help="of a peer, at the most")
    parser.add_argument("--jobs", type=int, default=1, help="so many peers at once, each on one core")
    parser.add_argument("--work", type=Path, default=Path("bench/work/quality"), help="keeps what peers have scored")
    given = parser.parse_args()
    events = read(given.data)
    data = by_days(events, given.last_days) if given.last_days else leave_one_out(events)
    lengths = {"goods_length": given.length, "shop_length": given.length}
    config, train = DinConfig(**lengths | settings(given.din)), TrainConfig(**settings(given.train))
    print(
        f"{given.data.name}: {len(data.train):,} examples teach, {len(data.valid):,} validate, {len(data.test):,} test"
    )
    print(f"{'':<28}{'valid':>9}{'test':>9}{'± seeds':>9}{'seconds':>9}")
    for line in runs(data, given.variants, config, train, given.seeds):
        print(line, flush=True)
    if given.peers is not None:
        work = given.work / f"{given.data.name}-{given.length}"
        work.mkdir(parents=True, exist_ok=True)
        write_exchange(data, work / "rows.npz")
        seeds = [train.seed + seed for seed in range(given.seeds)]
        asked = peer_quality.Asked(work, given.length, given.epochs, seeds, given.setting)
        for line in peer_quality.runs(given.peers or list(PEERS), asked, given.jobs):
            print(line, flush=True)


if __name__ == "__main__":
    main()
