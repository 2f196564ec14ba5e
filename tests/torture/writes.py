"""What a process writes to a store, counted, so that a trial can kill it right before any one of its writes."""

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

# What Python tells an audit hook before it happens; os.replace and Path.rename are both os.rename.
ON_FILES = {"os.chmod", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.utime"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# DuckDB's statements that are no write. ALTER is among them: on a store of this version `add column if not exists`
# changes nothing, and the 180 comments of a release are written one like the other, before anybody can see it.
HARMLESS = {"ALTER", "EXPLAIN", "SELECT", "SET"}
NOTHING_LASTS = re.compile(r"(create|drop)( or replace)? (temp|view|macro)|drop table|create \w+ if not exists", re.I)


class Writes:
    """The writes of this process to the store at `root`, in order. Right before the one numbered `deadly`, from 1, the
    process is killed: to die before each is to die after each but the last."""

    def __init__(self, root: Path, deadly: int | None) -> None:
        self.root, self.deadly = f"{root}/", deadly
        self.met: list[str] = []

    def about_to(self, what: str) -> None:
        self.met.append(what)
        if len(self.met) == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """From here on every write counts."""
        sys.addaudithook(self.hear)
        self.tell_of(os, "fsync", lambda *_: "fsync")
        self.tell_of(pl.DataFrame, "write_parquet", lambda _, path, **__: f"write {path.name}")
        for name in ("begin", "commit", "close"):
            self.tell_of(duckdb.DuckDBPyConnection, name, lambda *_, name=name: f"duckdb: {name}")
        self.tell_of(duckdb.DuckDBPyConnection, "execute", lambda _, query, *__: written_by(query))

    def hear(self, event: str, given: tuple) -> None:
        """An audit hook: Python tells it what is about to be done to a file."""
        opened = event == "open" and given[2] & WRITING
        if (opened or event in ON_FILES) and any(self.is_own(path) for path in given[:2]):
            self.about_to(f"{event} {str(given[0]).removeprefix(self.root)}")

    def is_own(self, path: Any) -> bool:
        return isinstance(path, str | os.PathLike) and str(path).startswith(self.root)

    def tell_of(self, owner: Any, name: str, what: Callable[..., str | None]) -> None:
        """Counts the calls of a function that no audit hook hears of, where `what` says that they write."""
        real = getattr(owner, name)

        def told(*given: Any, **named: Any) -> Any:
            said = what(*given, **named)
            if said:
                self.about_to(said)
            return real(*given, **named)

        setattr(owner, name, told)


def written_by(query: str | duckdb.Statement) -> str | None:
    """How what a query writes begins; None where it writes nothing that lasts."""
    if isinstance(query, str):
        return next((said for one in duckdb.extract_statements(query) if (said := written_by(one))), None)
    text = " ".join(line.strip() for line in query.query.splitlines() if not line.strip().startswith("--")).strip()
    return None if query.type.name in HARMLESS or NOTHING_LASTS.match(text) else f"duckdb: {text[:60]}"
