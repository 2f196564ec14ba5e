"""Histories -> the last goods and the last shops of each user, as of the end of a day: what the night sees.

A Sunday's file has every user, another day's those who did something since Sunday: their rows stand in the place of
Sunday's. Where old events drop out by age every day's file has every user.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from features.config import SequenceConfig
from features.errors import FeatureError
from features.ingest.catalogue import shops_version
from features.sequences.histories import events_seen, load_histories, partitioning, weekly_snapshot_day
from features.sequences.history_slices import GROUPS, SequenceGroup, Slices, select_group, slice_histories
from features.sequences.point_in_time import visibility_of
from features.sequences.range_ops import expand_ranges
from features.store import lake
from features.store.fingerprints import Fingerprint, fingerprint
from features.store.lake import LakeFile
from features.store.store import epoch_microseconds
from features.store.warehouse import Warehouse

CODE = 1  # raise it where a change here, or in slices.py, changes a file
TYPES_CODE = 1  # raise it where a change shapes only sequences of some event types
LISTED = ("type_keys", "event_ts")  # beside the keys


def build_sequences(warehouse: Warehouse, ds: date, config: SequenceConfig) -> int:
    """Writes `goods_sequences` and `shop_sequences` of the day, one file a bucket. Returns the number of users whose
    rows were written."""
    base = weekly_snapshot_day(ds)
    if base != ds and warehouse.files("histories", base, base):
        build_day(warehouse, base, config)
    return build_day(warehouse, ds, config)


def build_day(warehouse: Warehouse, ds: date, config: SequenceConfig) -> int:
    """Both groups are cut from one reading of the histories, bucket by bucket; each is an asset of its own."""
    fingerprints: dict[SequenceGroup, Fingerprint] = {
        part: sequences_fingerprint(warehouse, ds, part, config) for part in GROUPS
    }
    stale: list[SequenceGroup] = [
        part for part in GROUPS if not warehouse.is_current(f"{part}_sequences", ds, fingerprints[part])
    ]
    files: dict[SequenceGroup, list[LakeFile]] = {part: [] for part in stale}
    for part in stale:
        with warehouse.building(f"{part}_sequences", ds, fingerprints[part]) as made:
            for bucket in range(warehouse.store.config.buckets if part == stale[0] else 0):
                for own, frame in sequences_of(warehouse, ds, bucket, stale, config).items():
                    files[own].append(lake.write(warehouse.store, frame, f"{own}_sequences", ds, bucket))
            made.files += files[part]
            made.rows = sum(file.rows for file in made.files)
    return max(sum(file.rows for file in warehouse.files(f"{part}_sequences", ds, ds)) for part in GROUPS)


def sequences_fingerprint(warehouse: Warehouse, ds: date, part: SequenceGroup, config: SequenceConfig) -> Fingerprint:
    """What the sequences of a group are made of: the events seen, the settings of the group alone, and where the
    catalogue gives events their shop, which."""
    group = getattr(config, part)
    parts: dict[str, Any] = {"settings.sequences": group, "code": (CODE, TYPES_CODE) if group.event_types else CODE}
    shops = shops_version(warehouse, ds) if part == "shop" else []
    if shops:
        parts["goods"] = shops
    return fingerprint(events_seen(warehouse, ds) | partitioning(warehouse) | parts)


def sequences_of(
    warehouse: Warehouse, ds: date, bucket: int, parts: Sequence[SequenceGroup], config: SequenceConfig
) -> dict[SequenceGroup, pl.DataFrame]:
    """Of each group, one row per user of the bucket, or per user with events since Sunday: their sequence as of the
    end of the day.

    Columns user_key, `<part>_keys`, type_keys, event_ts; a list is empty where the user has nothing of the group.
    """
    found: dict[SequenceGroup, pl.DataFrame] = {}
    of_all = ds == weekly_snapshot_day(ds)
    for whole in (True, False):
        own: list[SequenceGroup] = [
            part for part in parts if (of_all or getattr(config, part).max_age_days > 0) == whole
        ]
        if not own:
            continue
        histories = load_histories(warehouse, ds, bucket, only_since=not whole, at_its_end=True)
        users = histories.user_keys[histories.first[histories.count > 0]]
        moments = visibility_of(histories, users, np.full(len(users), epoch_microseconds(warehouse.store.day_end(ds))))
        slices: dict[SequenceGroup, Slices] = {}
        for part in own:
            group = select_group(warehouse, histories, part, getattr(config, part))
            slices[part] = slice_histories(group, moments)
        found |= as_lists(users, slices, of_all)
    return found


def as_lists(
    users: np.ndarray, slices: dict[SequenceGroup, Slices], only_full: bool
) -> dict[SequenceGroup, pl.DataFrame]:
    """Slices as list columns, one row per user, or per user with anything. Groups of the same events share what the
    events have in common: their types and times."""
    lists: dict[SequenceGroup, pl.DataFrame] = {}
    for part, own in slices.items():
        twin: SequenceGroup | None = next((other for other in lists if same_events(slices[other], own)), None)
        listed = own.end > own.start if only_full else slice(None)
        values = pl.DataFrame({f"{part}_keys": own.keys})
        if twin is None:
            moments = pl.Series("event_ts", own.ts).cast(pl.Datetime("us"))
            values = values.with_columns(pl.Series("type_keys", own.types), moments)
        made = listed_values(values, own.of(listed))
        common = pl.DataFrame({"user_key": users[listed]}) if twin is None else lists[twin].drop(f"{twin}_keys")
        lists[part] = pl.concat([common, made], how="horizontal").select("user_key", made.columns[0], *LISTED)
    return lists


def same_events(one: Slices, other: Slices) -> bool:
    """Whether two groups were cut from the same events at the same places."""
    return (
        np.may_share_memory(one.ts, other.ts)
        and np.array_equal(one.start, other.start)
        and np.array_equal(one.end, other.end)
    )


def listed_values(values: pl.DataFrame, slices: Slices) -> pl.DataFrame:
    """Each column as lists, one for each slice."""
    offsets = np.zeros(len(slices.start) + 1, np.int64)
    np.cumsum(slices.end - slices.start, out=offsets[1:])
    return pl.DataFrame(
        {
            column.name: pl.from_arrow(pa.LargeListArray.from_arrays(offsets, column.to_arrow()))
            for column in take_last(values, slices)
        }
    )


def take_last(values: pl.DataFrame, slices: Slices) -> pl.DataFrame:
    """The values of the slices, slice by slice: by a mask where they follow each other, which is read in one pass, and
    not copied at all where they are everything."""
    full = slices.end > slices.start
    start, end = slices.start[full], slices.end[full]
    if (start[1:] < end[:-1]).any():
        return values[expand_ranges(slices.start, slices.end)[0]]
    if (end - start).sum() == len(values):
        return values
    edges = np.zeros(len(values) + 1, np.int8)
    edges[start] += 1
    edges[end] -= 1
    return values.filter(np.cumsum(edges[:-1], dtype=np.int8).view(bool))


def sequence_files(warehouse: Warehouse, ds: date, part: SequenceGroup) -> list[LakeFile]:
    """The files that hold the sequences of a night: Sunday's, then the day's own, whose users stand in their place."""
    days = dict.fromkeys((weekly_snapshot_day(ds), ds))
    return [file for day in days for file in warehouse.files(f"{part}_sequences", day, day)]


def has_sequences(warehouse: Warehouse, ds: date, part: SequenceGroup) -> bool:
    """Whether the night's own files are there; beside Sunday's they may be without a row, and still say whom they know
    nothing new of."""
    return bool(warehouse.files(f"{part}_sequences", ds, ds))


def load_sequences(warehouse: Warehouse, ds: date, part: SequenceGroup, bucket: int) -> pl.DataFrame:
    """The sequences of a bucket as the night sees them, users in the order of their keys. Raises FeatureError where the
    night's own are not in the store."""
    if not has_sequences(warehouse, ds, part):
        raise FeatureError(
            f"the {part} sequences of {ds} are not in the store; "
            f"build them: {warehouse.store.command(f'backfill {ds} {ds} --mode removed')}"
        )
    files = [file for file in sequence_files(warehouse, ds, part) if file.bucket == bucket]
    frames = [lake.read(warehouse.store, file) for file in files]
    newest = pl.concat(frames).unique("user_key", keep="last", maintain_order=True)
    return newest.filter(pl.col(f"{part}_keys").list.len() > 0).sort("user_key")
