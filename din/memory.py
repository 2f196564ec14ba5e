"""How the process keeps memory that was freed."""

import ctypes
import sys
from functools import cache

# Of glibc's mallopt(3).
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4


@cache
def disable_malloc_trim() -> None:
    """Has large buffers that are freed taken up again, instead of handed back and asked for anew with every step.

    The system clears each page that it hands out, which takes a third of the time of a step on a processor. What the
    process once held it holds to its end. Nothing happens where the C library is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(M_TOP_PAD, 64 * 2**20)
