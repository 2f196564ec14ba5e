"""Writing and publishing beside their limits, on the store of a night (bench/store/night.py makes one).

    python -m bench.store.publish --store FOLDER

Writing: the newest ranking goes into the warehouse again, through what the night writes with, in a transaction that is
rolled back. Publishing: a release of the store is built aside and never flipped to; its limit is copying the same rows
from that release into another file, table by table. The two alternate, and medians count.
"""

import argparse
import statistics
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

import features
from bench.measure import measured
from features import PublishConfig, RankingBucket, StoreConfig, Warehouse
from features.rankings.rankings import RankingWriter, ScoringStats, SequenceArrays
from features.store import sql_files
from features.store.warehouse import AssetBuild

NO_SEQUENCES = SequenceArrays(np.array([]), np.array([]), np.array([]), np.array([]))


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def bucket_of(warehouse: Warehouse, ds: date, bucket: int, buckets: int) -> tuple[RankingBucket, dict, dict]:
    """The newest ranking of some users, as the night hands it over: what is not looked at is empty."""
    query = (
        "select user_key, rank, goods_key, shop_key, score, sources from serving.rankings"
        " where ds = $ds and user_key % $buckets = $bucket"
    )
    found = sql_files.arrow_of(warehouse.con, query, {"ds": ds, "bucket": bucket, "buckets": buckets})
    rows = pl.DataFrame(found).sort("user_key", "rank")
    night = RankingBucket(
        np.array([]), np.array([]), rows["goods_key"].to_numpy(), rows["shop_key"].to_numpy(), rows["sources"],
        NO_SEQUENCES, NO_SEQUENCES, 0,
    )  # fmt: skip
    ranked = {
        "user_keys": rows["user_key"].to_numpy(),
        "rank": rows["rank"].to_numpy(),
        "candidate": np.arange(len(rows)),
        "score": rows["score"].to_numpy(),
    }
    nothing = {
        "user_keys": np.array([], np.int32),
        "candidate": np.array([], np.int64),
        "part": np.array([], object),
        "history_keys": np.array([], np.int32),
        "ts": np.array([], np.int64),
        "weight": np.array([], np.float32),
        "share": np.array([], np.float32),
    }
    return night, ranked, nothing


def write(warehouse: Warehouse, ds: date) -> dict[str, float]:
    """The newest ranking written again, bucket by bucket, in a transaction that comes to nothing."""
    buckets = warehouse.store.config.buckets
    given = [bucket_of(warehouse, ds, bucket, buckets) for bucket in range(buckets)]
    writer = RankingWriter(warehouse, AssetBuild(), ds, "bench", ScoringStats(2**31, 2**31))
    warehouse.con.begin()
    with measured() as figures:
        for bucket in given:
            writer.add(*bucket)
    warehouse.con.rollback()
    return {**figures, "rows": writer.made.rows}


def publish(warehouse: Warehouse, ds: date) -> dict[str, float]:
    """A release built aside."""
    with measured() as figures:
        release = features.build_release(warehouse, ds, PublishConfig())
    return {**figures, "bytes": release.stat().st_size}


def copy(release: Path, to: Path) -> dict[str, float]:
    """Every table of the release, copied into a new file."""
    to.unlink(missing_ok=True)
    with measured() as figures:
        con = duckdb.connect(str(to), config={"threads": 2, "preserve_insertion_order": False})
        con.execute(f"attach '{release}' as release (read_only)")
        named = "select schema_name, table_name from duckdb_tables() where database_name = 'release'"
        for schema, table in con.execute(named).fetchall():
            con.execute(f"create schema if not exists {schema}")
            con.execute(f"create table {schema}.{table} as from release.{schema}.{table}")
        con.execute("checkpoint")
        con.close()
    return {**figures, "bytes": to.stat().st_size}


def median(found: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in found) for name in found[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    store = features.Store(given.store.absolute(), StoreConfig(threads=2))
    with features.open_warehouse(store, "bench", now) as opened:
        warehouse = replace(opened, run_id="bench")
        release, copied = store.releases / "bench.duckdb", store.releases / "bench-copy.duckdb"
        [(ds,)] = warehouse.con.execute("select max(ds) from serving.rankings").fetchall()
        runs = [(write(warehouse, ds), publish(warehouse, ds), copy(release, copied)) for _ in range(given.repeat)]
        release.unlink()
        copied.unlink()
    written, published, limit = (median(list(one)) for one in zip(*runs, strict=True))
    rows, ratio = written["rows"], published["seconds"] / limit["seconds"]
    show("writing", written, f"{rows:,.0f} rows, {rows / written['seconds'] / 1e6:.2f}M a second; to reach: 1M")
    show(
        "publishing", published, f"a file of {published['bytes'] / 1e6:,.0f} MB; {ratio:.2f} times copying; to reach: 2"
    )
    show("copying", limit, f"a file of {limit['bytes'] / 1e6:,.0f} MB")


def show(name: str, figures: dict[str, float], beside: str) -> None:
    print(f"{name:<12}{figures['seconds']:>8.2f} s{figures['peak_mb']:>8,.0f} MB  {beside}")


if __name__ == "__main__":
    main()
