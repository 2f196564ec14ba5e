"""Sequences of a night -> the release, their keys turned back into the ids of the source."""

from datetime import date

import numpy as np
import polars as pl
import pyarrow as pa

from features.sequences.history_slices import GROUPS, SequenceGroup
from features.sequences.sequences import load_sequences
from features.store.warehouse import Warehouse

IDS = {"user": "entities.users", "goods": "entities.goods", "shop": "entities.shops"}


def release_sequences(warehouse: Warehouse, nights: list[date]) -> None:
    """Adds the sequences of these nights to the attached file `release`, night by night and bucket by bucket: no more
    than a bucket is in memory."""
    ids = {kind: ids_by_key(warehouse, table, f"{kind}_key", f"{kind}_id") for kind, table in IDS.items()}
    ids["type"] = ids_by_key(warehouse, "entities.event_types", "type_key", "event_type")
    for night in nights:
        for part in GROUPS:
            for bucket in range(warehouse.store.config.buckets):
                frame = with_source_ids(load_sequences(warehouse, night, part, bucket), part, ids)
                warehouse.append(f"release.{part}_sequences", frame.with_columns(pl.lit(night).alias("ds")))


def ids_by_key(warehouse: Warehouse, table: str, key: str, name: str) -> pa.Array:
    """What each dense key stands for, at the place of the key; NULL where no key was given."""
    given = pl.DataFrame(warehouse.con.table(table).select(key, name).to_arrow_table())
    keys = given[key].to_numpy()
    place = np.full(int(keys.max(initial=0)) + 1, -1)
    place[keys] = np.arange(len(keys))
    return given[name].to_arrow().take(pa.array(place, mask=place < 0))


def with_source_ids(sequences: pl.DataFrame, part: SequenceGroup, ids: dict[str, pa.Array]) -> pl.DataFrame:
    """The sequences of the users who have an id, with ids: a list stays as long as it is, its values are looked up."""
    users = pl.from_arrow(ids["user"].take(sequences["user_key"].to_arrow()))
    known = sequences.with_columns(pl.Series("user_id", users)).filter(pl.col("user_id").is_not_null())
    return known.select(
        "user_id",
        map_list_values(known[f"{part}_keys"], ids[part]).alias(f"{part}_ids"),
        map_list_values(known["type_keys"], ids["type"]).alias("event_types"),
        "event_ts",
    )


def map_list_values(lists: pl.Series, ids: pa.Array) -> pl.Series:
    """Lists of keys as lists of what they stand for."""
    keys = lists.rechunk().to_arrow()
    return pl.Series(pl.from_arrow(pa.LargeListArray.from_arrays(keys.offsets, ids.take(keys.values))))
