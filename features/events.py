"""Keyed rows -> events: one lake file for each source and the night that sees its rows first, in the one total order.
What is read again takes the place of what was read before."""

from datetime import date

import polars as pl

from features import database, lake, statements
from features.lake import LakeFile
from features.warehouse import Warehouse

ORDER = ("event_ts", "known_at", "event_id", "event_no")  # the one total order of a user's events; NULL comes first
SCHEMA = {
    "user_key": "integer",
    "goods_key": "integer",
    "shop_key": "integer",
    "type_key": "smallint",
    "event_ts": "timestamp",
    "known_at": "timestamp",
    "event_id": "varchar",
    "event_no": "ubigint",
    "named": "boolean",
    "weight": "double",
    "cat_id": "varchar",
    "event_ds": "date",
    "read_ds": "date",
    "seen_ds": "date",
}
COLUMNS = ", ".join(f"{name} {kind}" for name, kind in SCHEMA.items())
EVER = (date(1970, 1, 1), date(2100, 1, 1))
DUPLICATES = {"keep": "no_duplicates", "collapse": "duplicates_by_content", "by_id": "duplicates_by_id"}
DAYS_AT_ONCE = 16  # of new rows held in memory beside DuckDB's


def view_events(warehouse: Warehouse, files: list[LakeFile], view: str = "events") -> None:
    """Names the rows of some files of events."""
    database.view_of_files(warehouse.con, view, [lake.verified(warehouse.store, file) for file in files], COLUMNS)


def replace_events(warehouse: Warehouse, source: str, repeats: str, first_ds: date, last_ds: date) -> None:
    """Makes keyed_events what the source gave for the days read, both included: in the files and in the ledger.

    `repeats` says what becomes of exact repeats, 'keep' or 'collapse'; 'by_id' is for sources that name their events.
    """
    read = {"source": source, "first_ds": first_ds, "last_ds": last_ds}
    view_events(warehouse, warehouse.files(f"events.{source}", *EVER), "kept_before")
    view_events(warehouse, warehouse.files(f"duplicates.{source}", *EVER), "repeats_before")
    settle_duplicates(warehouse, repeats, first_ds, last_ds)
    contested = pl.DataFrame(warehouse.con.execute("from contested_ids").to_arrow_table())
    for asset, table, day in (("events", "keyed_events", "seen_ds"), ("duplicates", "duplicate_events", "read_ds")):
        touched = [ds for (ds,) in warehouse.run(f"transforms/{asset}_touched", **read)]
        for start in range(0, len(touched), DAYS_AT_ONCE):
            some = touched[start : start + DAYS_AT_ONCE]
            given = rows_of(warehouse, table, day, some)
            for ds in some:
                rewrite(warehouse, f"{asset}.{source}", ds, given.get((ds,)), contested, first_ds, last_ds)


def settle_duplicates(warehouse: Warehouse, repeats: str, first_ds: date, last_ds: date) -> None:
    """Splits keyed_events into those kept and duplicate_events.

    Where a source names its events, the row known first is kept, whenever it was read: rows of other days that share
    an event_id with these are taken back and judged with them (contested_ids). A night that saw an event so goes on
    seeing the same one, however often it is delivered again.
    """
    statements.run(warehouse.con, f"transforms/{DUPLICATES[repeats]}", first_ds=first_ds, last_ds=last_ds)
    statements.run(warehouse.con, "transforms/settled_duplicates")


def rows_of(warehouse: Warehouse, table: str, day: str, days: list[date]) -> dict[tuple, pl.DataFrame]:
    """The rows of some days by day, columns as in the lake."""
    found = warehouse.con.execute(f"select {', '.join(SCHEMA)} from {table} where {day} in $days", {"days": days})
    return pl.DataFrame(found.to_arrow_table()).partition_by(day, as_dict=True)


def rewrite(
    warehouse: Warehouse,
    asset: str,
    ds: date,
    given: pl.DataFrame | None,
    contested: pl.DataFrame,
    first_ds: date,
    last_ds: date,
) -> None:
    """The file of the asset's day, without what was read under the days given and what was taken back, with `given`."""
    parts = [] if given is None else [given]
    for file in warehouse.files(asset, ds, ds):
        old = pl.read_parquet(lake.verified(warehouse.store, file))
        left = old.filter(~pl.col("read_ds").is_between(first_ds, last_ds))
        parts.append(left.join(contested, on=["event_id", "event_no"], how="anti", nulls_equal=True))
    frame = pl.concat(parts) if parts else pl.DataFrame()
    if asset.startswith("events."):
        count_rows(warehouse, asset, ds, frame)
    files = [lake.write(warehouse.store, in_order(frame), asset, ds)] if len(frame) else []
    warehouse.name_files(asset, ds, files)


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """User by user in the one total order, then by what else tells rows apart. A column of nothing orders nothing."""
    keys = ("user_key", *ORDER, "goods_key", "shop_key", "type_key")
    return frame.sort([name for name in keys if frame[name].null_count() < len(frame)])


def count_rows(warehouse: Warehouse, asset: str, ds: date, frame: pl.DataFrame) -> None:
    """Notes on which days the rows of a file happened, and under which they were read."""
    source = asset.removeprefix("events.")
    warehouse.run("ledger/forget_rows", source=source, ds=ds)
    if len(frame):
        counts = frame.group_by("event_ds", "read_ds").len("rows")
        warehouse.append("ops.event_rows", counts.with_columns(pl.lit(source).alias("source"), pl.lit(ds).alias("ds")))


def files_of_day(warehouse: Warehouse, ds: date, known_until: date) -> list[LakeFile]:
    """The files with events that happened on a day, as far as they were known by the end of another."""
    found = {tuple(row) for row in warehouse.run("ledger/files_of_event_day", ds=ds, known_until=known_until)}
    return [file for file in warehouse.files("events.%", ds, known_until) if (file.asset, file.ds) in found]
