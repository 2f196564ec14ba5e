"""Settings for glibc to keep freed memory, so that large tensors do not fault in page by page each time.

They are the environment of a process, since malloc reads it before anything runs. Memory stays at its
high-water mark. Filling fresh buffers of 256 MB took a half to a seventh of the CPU time, in single runs of 10 and of
40 buffers. Linux with glibc only; elsewhere nothing reads them.
"""

KEEPS_MEMORY = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**63 - 1),
    "MALLOC_TOP_PAD_": str(64 << 20),
}
