"""A command of nightrank in a process of its own, forked from one that has imported everything already: a trial then
takes the time of its night, a third of what it took, and a kill meets the night and not the imports."""

import importlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import din
import flows.pipelines.training
import flows.report.page.render
from flows.cli.app import main
from tests.torture.writes import Writes

# What a night imports when it comes to it: torch, the page, and pandas, which DuckDB asks for where it is installed.
_ = din.rank, din.load_model, flows.report.page.render, flows.pipelines.training
with suppress(ImportError):
    importlib.import_module("pandas")
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload([__name__])
KILLED = -9
STATUS_LOST = 255  # what multiprocessing says where its fork server did not tell how a child ended: once in 136 kills
MOST_SECONDS = 300


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, KILLED where it was; what it said; and, where it came to its end, what it
    wrote."""

    code: int
    out: str
    err: str
    writes: list[str]


def run(
    *words: object,
    store: Path,
    before_write: int | None = None,
    after_seconds: float | None = None,
    first: Callable[[], None] | None = None,
) -> Ended:
    """Runs a command on a store. It is killed right before its n-th write, or after so many seconds, if it has not come
    to its end by then. `first` is called in the child before the command."""
    told = Path(tempfile.mkdtemp(prefix="nightrank-told-"))
    child = SERVER.Process(target=command, args=([*map(str, words)], store, before_write, told, first))
    killed = False
    child.start()
    child.join(MOST_SECONDS if after_seconds is None else after_seconds)
    if child.exitcode is None:
        child.kill()
        child.join()
        killed = True
        assert after_seconds is not None, f"{words} did not end in {MOST_SECONDS} s: {(told / 'err').read_text()}"
    out, err, writes = ((told / name).read_text() for name in ("out", "err", "writes"))
    shutil.rmtree(told)
    lost = killed and child.exitcode == STATUS_LOST
    return Ended(KILLED if lost else child.exitcode or 0, out, err, writes.splitlines())


def command(
    words: list[str], store: Path, before_write: int | None, told: Path, first: Callable[[], None] | None
) -> None:
    """The child: one command, its stdout and stderr in files."""
    (told / "writes").write_text("")
    tempfile.tempdir = str(told)  # what a killed child leaves there goes with it
    for stream, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(told / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    writes = Writes(store, before_write)
    if first:
        first()
    writes.watch()
    sys.argv = ["nightrank", *words, "--store", str(store)]
    try:
        main()
    finally:
        (told / "writes").write_text("\n".join(writes.met))


def through_prefect(*words: object, store: Path, home: Path, until: str | None = None) -> Ended:
    """Runs a command as people do, through a Prefect with its own database in `home`. When it has logged `until` it is
    killed, and with it the server that it started, which would outlive it."""
    call = [sys.executable, "-m", "flows.cli", *map(str, words), "--store", str(store)]
    environment = os.environ | {"PREFECT_HOME": str(home)}
    to_one = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    said = []
    with subprocess.Popen(call, env=environment, start_new_session=True, **to_one) as night:
        assert night.stdout
        for line in night.stdout:
            said.append(line)
            if until and until in line:
                os.killpg(night.pid, signal.SIGKILL)
    return Ended(night.returncode, "", "".join(said), [])
