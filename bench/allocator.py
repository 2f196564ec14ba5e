"""glibc told to keep memory that it was given back: large tensors then do not fault in page by page each time.

As environment of a process, for malloc reads it before anything runs; memory stays at its high-water mark. Filling
fresh buffers of 256 MB took a half to a seventh of the CPU time, in single runs of 10 and of 40 buffers. Linux
with glibc only; elsewhere it says nothing to anyone.
"""

KEEPS_MEMORY = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**63 - 1),
    "MALLOC_TOP_PAD_": str(64 << 20),
}
