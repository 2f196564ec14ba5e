"""Histories -> the last goods and the last shops of each user, as of the end of a day: what the night sees."""

from datetime import date, datetime

import polars as pl

from features import lake, statements
from features.config import SequenceConfig
from features.histories import histories_fingerprint
from features.warehouse import Warehouse

GROUPS = ("goods", "shop")


def build_sequences(warehouse: Warehouse, ds: date, config: SequenceConfig) -> int:
    """Writes `goods_sequences` and `shop_sequences` of the day, one file a bucket. Returns the number of users."""
    lengths = {"goods": config.goods_length, "shop": config.shop_length}
    users = 0
    for group in GROUPS:
        asset = f"{group}_sequences"
        fingerprint = statements.fingerprint(histories_fingerprint(warehouse, ds), lengths[group])
        if not warehouse.is_current(asset, ds, fingerprint):
            with warehouse.building(asset, ds, fingerprint) as made:
                for file in warehouse.files("histories", ds, ds):
                    frame = last_events(
                        pl.scan_parquet(lake.verified(warehouse.store, file)),
                        group,
                        lengths[group],
                        warehouse.store.day_end(ds),
                    )
                    made.files.append(lake.write(warehouse.store, frame, asset, ds, file.bucket))
                made.rows = sum(file.rows for file in made.files)
        users = max(users, sum(file.rows for file in warehouse.files(asset, ds, ds)))
    return users


def last_events(histories: pl.LazyFrame, group: str, length: int, as_of: datetime) -> pl.DataFrame:
    """One row per user with events of the group before `as_of`: the last `length` of them, oldest first.

    Columns user_key, `<group>_keys`, event_types, event_ts. The histories are sorted by the one total order within
    each user; `maintain_order` keeps it.
    """
    key = f"{group}_key"
    return (
        histories.filter((pl.col(key) > 0) & (pl.col("event_ts") < as_of))
        .group_by("user_key", maintain_order=True)
        .agg(
            pl.col(key).tail(length).alias(f"{key}s"),
            pl.col("event_type").tail(length).alias("event_types"),
            pl.col("event_ts").tail(length),
        )
        .collect()
    )
