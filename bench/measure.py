"""The seconds and the peak memory of a stretch of code in this process, with nothing but the standard library.

Peaks are those of the kernel's own count of this process's resident memory, which includes what it held before.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROCESS = Path("/proc/self")


@contextmanager
def measured() -> Iterator[dict[str, float]]:
    """Fills in `seconds` and `peak_mb` (of 10^6 bytes) once the stretch is over. Linux only."""
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
    """The one line of JSON that every peer prints."""
    return json.dumps({"seconds": figures["seconds"], "rows": rows, "peak_mb": figures["peak_mb"]})
