"""DIN on a GPU: training samples and ranked pairs a second, beside what the device can do, and where the time goes.

    python -m bench.gpu

Needs torch and numpy, and `bench` and `din` beside each other; nothing else. At the shapes of bench/model/speed.py:
dimension 32, goods and shops, attention 80-40-1 over [u, v, u - v, u * v], top 200-80-1, 200 candidates a user,
histories of 30 in the mean. `--cpu --small` runs the same code on a processor, to see that it runs: its figures mean
nothing.

Seconds are of the wall. Training begins with histories and examples in the device's memory; ranking begins with numpy
arrays and ends with them. Operations and bytes are of bench/model/flops.py: products of matrices, and what lies between
layers, in float32. The share is of the longer of the two at the measured peak.
"""

import argparse
import os
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.func import functional_call
from torch.nn import functional

from bench.gpu.limits import ROUNDS, Limits, measure_limits, seconds, seconds_to_ask
from bench.gpu.ranking import rank
from bench.model.din_speed import examples_of, sequences, shape
from bench.model.flops import ours_training
from bench.peers.exchange import Rows, Sizes, load_exchange
from bench.workloads.ranking_workload import LONGEST, Crowd, write_crowd
from din import device as devices
from din.config import TrainConfig
from din.data.loader import BatchLoader
from din.model.din import DIN
from din.model.tables import EMBEDDING_PARAMS
from din.precision import autocast
from din.training.embedding_optimizer import gather_batch_rows, key_counts
from din.training.trainer import Trainer

SMALL, WHOLE = Crowd(users=500, goods=600, shops=50, ranked=8, candidates=20), Crowd(ranked=5_000)


def train(rows: Rows, sizes: Sizes, limits: Limits, activation: str, precision: str, batch: int, steps: int) -> DIN:
    """Whole steps, cutting included; then its parts, on one batch."""
    data = (examples_of(rows, sizes), *sequences(rows, sizes))
    counts = key_counts(*data, (sizes.goods_rows, sizes.shop_rows))
    config, settings = shape(activation), TrainConfig(batch_size=batch, learning_rate=1e-3, precision=precision)
    trainer = Trainer(config, settings, (sizes.goods_rows, sizes.shop_rows), counts, 1_000_000)
    feed = BatchLoader(*data, (config.goods_length, config.shop_length), trainer.device)
    order = np.resize(np.random.default_rng(0).permutation(len(rows)), batch * steps)

    def epoch() -> None:
        for cut, labels_B in feed.batches(order, batch):
            trainer.step(cut, labels_B)

    epoch()
    took = statistics.median(seconds(trainer.device, epoch) for _ in range(ROUNDS))
    work = ours_training(2 * float((rows.end_X - rows.start_X).mean())).times(3)
    print(limits.line(f"{activation}, {precision}, batches of {batch}", batch * steps / took, work, precision))
    in_parts(trainer, feed, order, batch, steps)
    return trainer.model.eval()


def in_parts(trainer: Trainer, feed: BatchLoader, order: np.ndarray, batch: int, steps: int) -> None:
    """Milliseconds of a step. Each part is repeated on the same batch; the forward pass has those before it."""
    device, model = trainer.device, trainer.model
    cut, labels_B = next(feed.batches(order[:batch], batch))
    local, rows = gather_batch_rows(model, cut)

    def forward() -> torch.Tensor:
        tables = {EMBEDDING_PARAMS[table]: found.values_RD for table, found in rows.items()}
        with autocast(trainer.train.precision, device):
            logits_B = functional_call(model, tables, (local,))
        return functional.binary_cross_entropy_with_logits(logits_B.float(), labels_B)

    def there_and_back() -> tuple[torch.Tensor, ...]:
        return torch.autograd.grad(forward(), [*trainer.nets.values(), *(found.values_RD for found in rows.values())])

    gradients = there_and_back()[len(trainer.nets) :]
    for weight, gradient in zip(trainer.nets.values(), there_and_back(), strict=False):
        weight.grad = gradient
    parts: dict[str, Callable[[], object]] = {
        "feed": lambda: [None for _ in feed.batches(order, batch)],
        "named rows": lambda: gather_batch_rows(model, cut),
        "forward": forward,
        "forward and backward": there_and_back,
        "optimizer of the nets": trainer.net_optimizer.step,
        "optimizer of the tables": lambda: trainer.table_optimizer.step(1, 1e-9, rows, gradients),
    }
    found = {name: seconds(device, part, 1 if name == "feed" else steps) for name, part in parts.items()}
    found["feed"] /= steps
    asked, done = seconds_to_ask(device, lambda: trainer.step(cut, labels_B), steps)
    found |= {"a step asked for": asked, "a step done": done}
    print("    ms: " + ", ".join(f"{name} {1e3 * took:.2f}" for name, took in found.items()))
    if device.type == "cuda":
        print(f"    launches of a step: {launches(lambda: trainer.step(cut, labels_B))}; {as_graph(there_and_back)}")


def launches(task: Callable[[], object]) -> int:
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as seen:
        task()
        torch.cuda.synchronize()
    return sum(event.device_type == torch.autograd.DeviceType.CUDA for event in seen.events() or [])


def as_graph(task: Callable[[], object]) -> str:
    """What the same work takes without the launches, as one CUDA graph of one batch: no training, only a measure."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        task()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            task()
    except RuntimeError as error:
        return f"as a CUDA graph: not possible ({str(error).splitlines()[0]})"
    took = seconds(torch.device("cuda"), graph.replay, 20)
    return f"forward and backward as a CUDA graph: {1e3 * took:.2f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("bench/work/gpu"))
    parser.add_argument("--activations", nargs="*", choices=["dice", "relu"], default=["dice", "relu"])
    parser.add_argument("--batches", nargs="*", type=int, default=[4096, 16384])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--cpu", action="store_true", help="the same code on a processor; slow")
    parser.add_argument("--small", action="store_true", help="tiny shapes, to see that everything runs")
    given = parser.parse_args()
    if given.cpu:
        os.environ |= {"CUDA_VISIBLE_DEVICES": ""}
        devices.on_processor = lambda _: False
    device = devices.pick_device()
    if device.type == "cpu" and not given.cpu:
        print("torch finds no GPU here: nothing is measured (--cpu --small runs the same code on a processor)")
        return
    crowd, batches, steps = (SMALL, [64], 3) if given.small else (WHOLE, given.batches, given.steps)
    given.work.mkdir(parents=True, exist_ok=True)
    path = given.work / f"crowd-{crowd.users}-{crowd.ranked}.npz"
    if not path.exists():
        write_crowd(crowd, path)
    sizes, parts = load_exchange(path, LONGEST)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "a processor, whose figures mean nothing"
    print(f"{name}; torch {torch.__version__}; {crowd}")
    limits = measure_limits(device, *((256, 4) if given.small else (8192, 2048)))
    peaks = ", ".join(f"{precision} {peak / 1e12:.1f} Top a second" for precision, peak in limits.products.items())
    print(f"the limits: products of matrices {peaks}; copies {limits.bandwidth / 1e12:.2f} TB a second")
    for activation in given.activations:
        print("training samples")
        models = [
            train(parts["train"], sizes, limits, activation, precision, batch, steps)
            for precision in ("fp32", "bf16")
            for batch in batches
        ]
        print("ranked pairs")
        rank(models[0], parts["rank"], sizes, limits, crowd.candidates, activation)


if __name__ == "__main__":
    main()
