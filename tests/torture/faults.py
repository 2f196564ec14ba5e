"""Faults that a test plants: a disk without room, a folder that cannot be written, a bit that flips, a clock that is
wrong."""

import hashlib
import json
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import flows.pipelines.backfill
import flows.pipelines.ingest
import flows.pipelines.nightly


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own with so much room. Skips where this user may mount none."""
    place.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}M,mode=755", "none", place]
    if subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """Mounts a small disk so that nobody can write to it, root neither."""
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", place], check=True)


def leave_room(place: Path, kilobytes: int) -> Path:
    """Fills a file system until only so much is free; returns the file that does."""
    ballast = place / "ballast"
    ballast.unlink(missing_ok=True)
    disk = os.statvfs(place)
    ballast.write_bytes(b"x" * max(disk.f_bavail * disk.f_frsize - 1024 * kilobytes, 0))
    return ballast


def refuse_files_over(kilobytes: int) -> None:
    """Called in a child: no file of its grows beyond so much, as on a disk that is full; needs no root."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * kilobytes, 1024 * kilobytes))


def wait_for_others(seconds: int) -> None:
    """Called in a child: how long it waits for whoever is writing."""
    os.environ["NIGHTRANK_STORE__WAIT_SECONDS"] = str(seconds)


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def poison(model: Path) -> None:
    """Makes one weight of a checkpoint no number, with the hash that belongs to it."""
    weights = load_file(model / "weights.safetensors")
    next(iter(weights.values())).view(-1)[0] = torch.nan
    save_file(weights, model / "weights.safetensors")
    record = json.loads((model / "model.json").read_text())
    record["weights_sha256"] = hashlib.sha256((model / "weights.safetensors").read_bytes()).hexdigest()
    (model / "model.json").write_text(json.dumps(record))


def jump(days: float) -> partial:
    """What sets the clock of a child ahead by so many days, or back."""
    return partial(set_clock, timedelta(days=days))


def set_clock(ahead: timedelta) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + ahead

    for reader in (flows.pipelines.nightly, flows.pipelines.ingest, flows.pipelines.backfill):
        setattr(reader, "datetime", Clock)  # noqa: B010 - to the type checker it is not this kind of datetime
