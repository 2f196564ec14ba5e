"""What the device can do at best: products of matrices, and copies. And seconds, of what does not run at once."""

import time
from collections.abc import Callable
from typing import NamedTuple

import torch

from bench.model.flops import Work

ROUNDS = 3
PRECISIONS = {"bf16": torch.bfloat16, "tf32": torch.float32, "fp32": torch.float32}


class Limits(NamedTuple):
    """Operations a second of a large product of matrices, by what it multiplies; bytes a second read and written."""

    products: dict[str, float]
    bandwidth: float

    def least_seconds(self, work: Work, precision: str) -> float:
        """The longer of the two: what the products take at the measured peak, and what the memory takes."""
        return max(work.operations / self.products[precision], work.bytes / self.bandwidth)

    def line(self, what: str, rate: float, work: Work, precision: str) -> str:
        share = rate * self.least_seconds(work, precision)
        by = "products" if work.operations / self.products[precision] > work.bytes / self.bandwidth else "memory"
        return (
            f"  {what:<34}{rate:>14,.0f} a second{work.operations / 1e6:>8.2f} Mop{work.bytes / 1e3:>7.0f} kB"
            f"{share:>8.1%} of the limit ({by})"
        )


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(device: torch.device, task: Callable[[], object], times: int = 1) -> float:
    """Of one of so many runs in a row, from the first asked to the last done."""
    wait(device)
    started = time.perf_counter()
    for _ in range(times):
        task()
    wait(device)
    return (time.perf_counter() - started) / times


def seconds_to_ask(device: torch.device, task: Callable[[], object], times: int) -> tuple[float, float]:
    """Of one of so many runs in a row: until it was asked for, and until it was done. Alike, the device waits for
    whoever asks."""
    wait(device)
    started = time.perf_counter()
    for _ in range(times):
        task()
    asked = time.perf_counter() - started
    wait(device)
    return asked / times, (time.perf_counter() - started) / times


def measure_limits(device: torch.device, side: int, megabytes: int) -> Limits:
    """The best of five, each of ten in a row."""
    products = {}
    for name, dtype in PRECISIONS.items():
        torch.backends.cuda.matmul.allow_tf32 = name == "tf32"
        left, right = (torch.rand(side, side, device=device).to(dtype) for _ in range(2))
        torch.mm(left, right)
        took = min(seconds(device, lambda left=left, right=right: torch.mm(left, right), 10) for _ in range(5))
        products[name] = 2 * side**3 / took
    torch.backends.cuda.matmul.allow_tf32 = False
    source = torch.rand(megabytes * 250_000, device=device)
    target = torch.empty_like(source)
    took = min(seconds(device, lambda: target.copy_(source), 10) for _ in range(5))
    return Limits(products, 2 * source.nbytes / took)
