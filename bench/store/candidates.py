"""Measure candidate sources, each alone and together: recall of the next day's purchases, rows and seconds.

    python -m bench.store.candidates --data ../shared/data/completejourney --work FOLDER
        [--nights DAY ...] [--set NAME=VALUE]

Recall at k is the share of the items a user took on the day after the night that are among the k best candidates. It is
averaged over the users who took something, whether or not the night knew them; `purchases` is the share of all of them.
A source alone is the night with every other quota at 0. The union has the given settings, k in all.
"""

import argparse
import json
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

import features
from bench.measure import measured
from features import CandidateConfig, StoreConfig, Warehouse
from features.candidates.candidate_sources import candidate_sources
from features.ingest.event_files import files_of_day
from features.sequences.history_slices import type_keys

NIGHTS = ("2017-09-12", "2017-10-14", "2017-11-09", "2017-12-06", "2017-12-22")
DAY = timedelta(days=1)
K = (200, 500)


def opened(work: Path) -> features.Store:
    return features.Store(work / "store", StoreConfig(threads=2, memory_limit="1GB"))


def read(warehouse: Warehouse, data: Path, source: str) -> None:
    """Ingest the events of a data set, and its catalogue if it has one."""
    config = features.IngestConfig()
    for name, kind, file in ((source, "events", "events"), (f"{source}_goods", "goods", "goods")):
        path = data / f"{file}.parquet"
        if not path.exists() or (features.event_days(warehouse) and kind == "events"):
            continue
        found = features.find_source(name, kind, str(path))
        if kind == "events":
            features.ingest_events(warehouse, found, features.FIRST_DAY, date(2018, 1, 1), config)
        else:
            features.ingest_goods(warehouse, found)


def taken_on(warehouse: Warehouse, ds: date, types: list[str]) -> pl.DataFrame:
    """Return user_key and goods_key of what each user took on a day."""
    files = [str(warehouse.store.lake / file.path) for file in files_of_day(warehouse, ds, ds)]
    events = pl.scan_parquet(files, hive_partitioning=False).filter(pl.col("goods_key") > 0)
    if types:
        events = events.filter(pl.col("type_key").is_in(type_keys(warehouse, tuple(types))))
    return events.select("user_key", "goods_key").unique().collect()


def recall_at_k(found: pl.DataFrame, taken: pl.DataFrame) -> dict[str, float]:
    pair = ["user_key", "goods_key"]
    hits = taken.join(found.select(pair).with_columns(hit=1.0), on=pair, how="left").fill_null(0.0)
    of_users = hits.group_by("user_key").agg(pl.col("hit").mean())
    return {"recall": of_users["hit"].sum() / max(1, len(of_users)), "purchases": hits["hit"].sum() / max(1, len(hits))}


def candidates(warehouse: Warehouse, ds: date, config: CandidateConfig) -> tuple[pl.DataFrame, dict[str, float]]:
    """Rebuild the candidates of a night, and measure seconds, peak and rows.

    The frame is empty if a source has no candidates for anybody.
    """
    mark_stale(warehouse, "candidates", ds)
    with measured() as figures:
        try:
            features.build_candidates(warehouse, ds, config)
        except features.FeatureError as error:
            if "no candidates for anybody" not in str(error):
                raise
    files = [str(warehouse.store.lake / file.path) for file in warehouse.files("candidates", ds, ds)]
    nothing = pl.DataFrame(schema={"user_key": pl.Int32, "goods_key": pl.Int32})
    frame = pl.read_parquet(files, hive_partitioning=False) if files else nothing
    return frame, {**figures, "rows": len(frame)}


def mark_stale(warehouse: Warehouse, asset: str, ds: date) -> None:
    """Remove an asset of a day from the ledger, so that it is built again."""
    warehouse.con.execute("delete from ops.intervals where asset = $asset and ds = $ds", {"asset": asset, "ds": ds})
    warehouse.run("ledger/forget_files", asset=asset, days=[ds])


def night(warehouse: Warehouse, ds: date, config: CandidateConfig, alone: bool, types: list[str]) -> list[dict]:
    """Return one row for each k and source alone, and for each k and union."""
    rows = []
    features.build_histories(warehouse, ds)
    for name, build in (("night_goods", features.build_night_goods), ("night_pairs", features.build_night_pairs)):
        mark_stale(warehouse, name, ds)
        with measured() as figures:
            made = build(warehouse, ds, config)
        rows.append(log_row({"ds": ds, "what": name, "k": 0, **figures, "rows": made}))
    taken = taken_on(warehouse, ds + DAY, types)
    names = [source.name for source in candidate_sources(warehouse.store, CandidateConfig())]
    for k in K:
        for name in names if alone else ():
            only = dict.fromkeys(names, 0) | {name: k}
            found, figures = candidates(warehouse, ds, replace(config, quotas=only, max_per_user=k))
            rows.append(log_row({"ds": ds, "what": name, "k": k, **recall_at_k(found, taken), **figures}))
        found, figures = candidates(warehouse, ds, replace(config, max_per_user=k))
        rows.append(log_row({"ds": ds, "what": "union", "k": k, **recall_at_k(found, taken), **figures}))
    return rows


def log_row(row: dict) -> dict:
    """Print the row on stderr at once, and return it."""
    print(*row.values(), file=sys.stderr, flush=True)
    return row


def show(rows: list[dict]) -> None:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    figures = pl.col("recall", "purchases", "seconds", "peak_mb", "rows")
    of_nights = frame.group_by("what", "k", maintain_order=True).agg(figures.mean())
    for row in of_nights.iter_rows(named=True):
        found = f"{row['recall']:>8.4f}{row['purchases']:>11.4f}" if row["k"] else " " * 19
        at = f"@{row['k']}" if row["k"] else ""
        cost = f"{row['rows']:>12,.0f} rows{row['seconds']:>8.2f} s{row['peak_mb']:>8,.0f} MB"
        print(f"{row['what'] + at:<24}{found}{cost}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--source", help="a source of sql/sources; by default the name of the data folder")
    parser.add_argument("--work", type=Path, required=True)
    nights = [date.fromisoformat(day) for day in NIGHTS]
    parser.add_argument("--nights", nargs="+", type=date.fromisoformat, default=nights)
    parser.add_argument("--types", nargs="*", default=[], help="event types that count as taken (default: all)")
    parser.add_argument("--set", nargs="*", default=[], help="settings of [candidates], such as pair_goods=30")
    parser.add_argument("--union", action="store_true", help="only the union")
    given = parser.parse_args()
    config = CandidateConfig(**{name: json.loads(value) for name, value in (one.split("=", 1) for one in given.set)})
    store = opened(given.work)
    with features.open_warehouse(store, "bench", lambda: datetime.now(UTC).replace(tzinfo=None)) as warehouse:
        read(warehouse, given.data, given.source or given.data.name)
        rows = [row for ds in given.nights for row in night(warehouse, ds, config, not given.union, given.types)]
    show(rows)


if __name__ == "__main__":
    main()
