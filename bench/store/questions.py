"""Every question of the cookbook, every macro and every query of the page, timed on a large published file.

    python -m bench.store.questions --like STORE/published.duckdb --work FOLDER [--sql ../older/sql] [--limit 60]

`--like` names any published file: the large one has its relations, and the rows of bench/store/questions.sql. `--sql`
names the statements to time, such as those of an older version. A query that takes longer than `--limit` is stopped,
and the sum is then a lower bound.
"""

import argparse
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from threading import Timer
from typing import Any

import duckdb

ROOT = Path(__file__).parent.parent
DS = date(2025, 3, 31)
WHO = 7
MACROS = {
    "ranking_for": "from ranking_for($who)",
    "ranking_at": "from ranking_at($who, $ds)",
    "why_for": "from why_for($who, $what)",
    "movers": "from movers($before_ds, $ds)",
    "coverage_by_day": "from coverage_by_day()",
}
# `show` holds what the commands and the explorer ask; those of `inside` name keys that this file does not have.
FOLDERS = ("inspect", "report", "show")


def fill(like: Path, path: Path, sql: Path = ROOT / "sql", **sizes: int) -> Path:
    """A published file of these `users`, `nights`, `k`, `goods` and `why` rows, with the macros of `sql`."""
    shutil.copyfile(like, path)
    with duckdb.connect(str(path)) as con:
        for (table,) in con.execute("select table_name from duckdb_tables() where schema_name = 'main'").fetchall():
            con.execute(f"delete from {table}")
        for statement in duckdb.extract_statements((ROOT / "bench" / "questions.sql").read_text()):
            con.execute(statement, {name: sizes[name] for name in statement.named_parameters})
        views = (sql / "published" / "views.sql").read_text()
        con.execute("drop view latest_rankings; drop view ranked_nights; drop table use_this_database_first")
        con.execute(views.replace("create macro", "create or replace macro"))
    return path


def values_of(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """A value for each name that a query binds."""
    [(what,)] = con.execute(f"select goods_id from latest_rankings where user_id = {WHO} and rank = 1").fetchall()
    return {
        "ds": DS,
        "night": DS,
        "before_ds": date(2025, 3, 30),
        "who": WHO,
        "what": what,
        "text": str(WHO),
        "ranks": 10,
        "score": 0.1,
        "goods_keys": [1],
        "goods_length": 100,
        "shop_length": 100,
    }


def queries(sql: Path = ROOT / "sql") -> Iterator[tuple[str, str]]:
    """Every query that people ask of a published file, by `folder/name`."""
    for folder in FOLDERS:
        for path in sorted((sql / folder).glob("*.sql")):
            yield f"{folder}/{path.stem}", path.read_text()
    for name, query in MACROS.items():
        yield f"macro/{name}", query


def ask(con: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> list[tuple]:
    [statement] = duckdb.extract_statements(query)
    return con.execute(statement, {name: values[name] for name in statement.named_parameters}).fetchall()


def timed(
    con: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any], limit: float, repeat: int
) -> tuple[float, float]:
    """Median seconds and CPU seconds of a query with its rows fetched: one run that is stopped at about `limit`, and
    so many more where that takes under a second."""
    runs: list[tuple[float, float]] = []
    while not runs or (len(runs) < repeat and runs[0][0] < 1):
        stop = Timer(limit, con.interrupt)
        stop.start()
        started, worked = time.perf_counter(), time.process_time()
        with suppress(duckdb.InterruptException):
            ask(con, query, values)
        runs.append((time.perf_counter() - started, time.process_time() - worked))
        stop.cancel()
    seconds, cpu_seconds = map(statistics.median, zip(*runs, strict=True))
    return seconds, cpu_seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--like", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sql", type=Path, default=ROOT / "sql")
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--goods", type=int, default=20_000)
    parser.add_argument("--why", type=int, default=100_000)
    parser.add_argument("--nights", type=int, default=14)
    parser.add_argument("--k", type=int, default=50)
    parser.add_argument("--limit", type=float, default=60)
    parser.add_argument(
        "--repeat", type=int, default=5, help="how often to ask what takes under a second; the median counts"
    )
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    sizes = {name: getattr(given, name) for name in ("users", "goods", "why", "nights", "k")}
    path = fill(given.like, given.work / "published.duckdb", given.sql, **sizes)
    print(f"DuckDB {duckdb.__version__}; {sizes}")
    sums: dict[str, tuple[float, float]] = dict.fromkeys((*FOLDERS, "macro"), (0.0, 0.0))
    with duckdb.connect(str(path), read_only=True, config={"threads": 2}) as con:
        values = values_of(con)
        for name, query in queries(given.sql):
            seconds, cpu_seconds = timed(con, query, values, given.limit, given.repeat)
            folder = name.split("/")[0]
            sums[folder] = (sums[folder][0] + seconds, sums[folder][1] + cpu_seconds)
            show(name, seconds, cpu_seconds, "stopped" if seconds >= given.limit else "")
    for folder, (seconds, cpu_seconds) in sums.items():
        show(f"all of {folder}", seconds, cpu_seconds)


def show(name: str, seconds: float, cpu_seconds: float, note: str = "") -> None:
    print(f"{name:<40}{seconds:>9.3f} s{cpu_seconds:>9.3f} CPU s  {note}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
