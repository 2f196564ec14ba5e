"""Measure the seconds and the peak memory of a block of code in this process, by the standard library alone.

Peaks are the kernel's count of this process's resident memory, which includes memory from before the block.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROCESS = Path("/proc/self")


@contextmanager
def measured() -> Iterator[dict[str, float]]:
    """Fill in `seconds` and `peak_mb` (of 10^6 bytes) at the end of the block. Linux only."""
    figures: dict[str, float] = {}
    (PROCESS / "clear_refs").write_text("5")  # forgets the peak so far
    started = time.perf_counter()
    yield figures
    figures["seconds"] = round(time.perf_counter() - started, 3)
    figures["peak_mb"] = round(peak_bytes() / 1e6, 1)


def peak_bytes() -> int:
    line = next(line for line in (PROCESS / "status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def report(figures: dict[str, float], rows: int) -> str:
    """Return the one line of JSON that every peer prints."""
    return json.dumps({"seconds": figures["seconds"], "rows": rows, "peak_mb": figures["peak_mb"]})
