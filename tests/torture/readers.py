"""Somebody who opens published.duckdb again and again while nights are killed, as people do who ask for a ranking."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from time import sleep

import duckdb

from tests.torture.child import SERVER

PAUSE_SECONDS = 0.2  # a read takes 15 ms of a core that the night wants too
# A night as it is seen: its day and who ranks, and digests of it and of all that is published beside it.
SEEN = """
with night as (
    select
        max(ds) as ds,
        count(*) as rows,
        count(distinct (ds, run_id)) = count(distinct ds) as is_whole,
        sum(hash(ds, user_id, rank, goods_id, score)::hugeint)::varchar as ranked
    from rankings
),

explained as (
    select sum(hash(ds, user_id, goods_id, part, history_id, weight)::hugeint)::varchar as explained
    from why
),

seen as (
    select sum(hash(ds, user_id, goods_ids)::hugeint)::varchar as sequences
    from goods_sequences
)

select *
from night
cross join explained
cross join seen
"""
Night = tuple


@dataclass
class Seen:
    """What a reader saw: how often it looked, the different nights, and what refused it."""

    reads: int = 0
    nights: set[Night] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)


def night_of(root: Path) -> Night:
    """The night that people see."""
    with duckdb.connect(str(root / "published.duckdb"), read_only=True) as con:
        return con.execute(SEEN).fetchall()[0]


@contextmanager
def reading_on(root: Path) -> Iterator[Seen]:
    """Reads in a process of its own for as long as the block runs; what it saw is there when the block is left."""
    seen = Seen()
    here, there = SERVER.Pipe()
    reader = SERVER.Process(target=read_on, args=(root, there))
    reader.start()
    try:
        yield seen
    finally:
        here.send("enough")
        found = here.recv()
        reader.join()
        seen.reads, seen.nights, seen.refused = found.reads, found.nights, found.refused


def read_on(root: Path, told: Connection) -> None:
    """Opens, asks twice, closes, until told that it is enough. Two answers of one opened file are one night."""
    seen = Seen()
    while not told.poll():
        try:
            with duckdb.connect(str(root / "published.duckdb"), read_only=True) as con:
                once, again = (con.execute(SEEN).fetchall()[0] for _ in range(2))
            seen.nights |= {once, again}
            seen.reads += 1
        except duckdb.Error as error:
            seen.refused.append(str(error))
        sleep(PAUSE_SECONDS)
    told.send(seen)
