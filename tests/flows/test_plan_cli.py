"""`nightrank plan` and `nightrank backfill`: what they print, what they build, and what they leave alone."""

from collections.abc import Callable
from pathlib import Path

import duckdb

from tests.conftest import Said

NightRank = Callable[..., Said]
DAYS = ("2025-03-18", "2025-03-20")


def warehouse_rows(root: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def test_x(own_store: Path, nightrank: NightRank) -> None:
    for words in (("plan", *DAYS), ("plan", *DAYS, "--all"), ("plan", "2025-03-15", "2025-03-22")):
        said = nightrank(*words, "--store", own_store)
        print(said.code, said.err)
        print(said.out)
    said = nightrank("backfill", "2025-03-15", "2025-03-21", "--store", own_store)
    print(said.code, said.err)
    print(said.out)
    said = nightrank("plan", "2025-03-15", "2025-03-21", "--store", own_store)
    print(said.out)
    assert 0
