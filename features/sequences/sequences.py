"""Histories -> the last goods and the last shops of each user, as of the end of a day.

A Sunday's file has every user. Another day's file has the users with events since Sunday, and their rows replace
Sunday's. If old events drop out by age, every day's file has every user.
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
from features.sequences.history_slices import GROUPS, HistorySlices, SequenceGroup, select_group, slice_histories
from features.sequences.point_in_time import visibility_of
from features.sequences.range_ops import expand_ranges
from features.store import lake
from features.store.fingerprints import Fingerprint, fingerprint
from features.store.lake import LakeFile
from features.store.store import epoch_microseconds
from features.store.warehouse import Warehouse

CODE = 1  # raise it when a change here or in history_slices.py changes a file
TYPES_CODE = 1  # raise it when a change affects only sequences of some event types
SHARED_COLUMNS = ("type_keys", "event_ts")  # the same in both groups if they keep the same events


def build_sequences(warehouse: Warehouse, ds: date, config: SequenceConfig) -> int:
    """Write `goods_sequences` and `shop_sequences` of the day, one file per bucket.

    Returns the number of users whose rows were written.
    """
    base = weekly_snapshot_day(ds)
    if base != ds and warehouse.files("histories", base, base):
        build_day_sequences(warehouse, base, config)
    return build_day_sequences(warehouse, ds, config)


def build_day_sequences(warehouse: Warehouse, ds: date, config: SequenceConfig) -> int:
    """Build both groups from one read of the histories, bucket by bucket.

    Each group is a separate asset.
    """
    fingerprints: dict[SequenceGroup, Fingerprint] = {
        group: sequences_fingerprint(warehouse, ds, group, config) for group in GROUPS
    }
    stale: list[SequenceGroup] = [
        group for group in GROUPS if not warehouse.is_current(f"{group}_sequences", ds, fingerprints[group])
    ]
    files: dict[SequenceGroup, list[LakeFile]] = {group: [] for group in stale}
    for group in stale:
        with warehouse.building(f"{group}_sequences", ds, fingerprints[group]) as made:
            for bucket in range(warehouse.store.config.buckets if group == stale[0] else 0):
                for own, frame in sequences_of(warehouse, ds, bucket, stale, config).items():
                    files[own].append(lake.write(warehouse.store, frame, f"{own}_sequences", ds, bucket))
            made.files += files[group]
            made.rows = sum(file.rows for file in made.files)
    return max(sum(file.rows for file in warehouse.files(f"{group}_sequences", ds, ds)) for group in GROUPS)


def sequences_fingerprint(warehouse: Warehouse, ds: date, group: SequenceGroup, config: SequenceConfig) -> Fingerprint:
    """Fingerprint the inputs of a group's sequences: the events seen and the group's own settings.

    The shops of the catalogue are an input too, if the catalogue gives events their shop.
    """
    own = getattr(config, group)
    parts: dict[str, Any] = {"settings.sequences": own, "code": (CODE, TYPES_CODE) if own.event_types else CODE}
    shops = shops_version(warehouse, ds) if group == "shop" else []
    if shops:
        parts["goods"] = shops
    return fingerprint(events_seen(warehouse, ds) | partitioning(warehouse) | parts)


def sequences_of(
    warehouse: Warehouse, ds: date, bucket: int, groups: Sequence[SequenceGroup], config: SequenceConfig
) -> dict[SequenceGroup, pl.DataFrame]:
    """Build each group's sequences of a bucket's users, as of the day's end.

    One row per user, or per user with events since Sunday. Columns user_key, `<group>_keys`, type_keys, event_ts; a
    list is empty if the user has no event of the group.
    """
    found: dict[SequenceGroup, pl.DataFrame] = {}
    is_snapshot_day = ds == weekly_snapshot_day(ds)
    for all_users in (True, False):
        own: list[SequenceGroup] = [
            group for group in groups if (is_snapshot_day or getattr(config, group).max_age_days > 0) == all_users
        ]
        if not own:
            continue
        histories = load_histories(warehouse, ds, bucket, only_active=not all_users, at_night_end=True)
        users = histories.user_keys[histories.first[histories.count > 0]]
        visible = visibility_of(histories, users, np.full(len(users), epoch_microseconds(warehouse.store.day_end(ds))))
        slices: dict[SequenceGroup, HistorySlices] = {}
        for group in own:
            events = select_group(warehouse, histories, group, getattr(config, group))
            slices[group] = slice_histories(events, visible)
        found |= to_list_columns(users, slices, is_snapshot_day)
    return found


def to_list_columns(
    users: np.ndarray, slices: dict[SequenceGroup, HistorySlices], only_full: bool
) -> dict[SequenceGroup, pl.DataFrame]:
    """Convert slices to list columns, one row per user, or only per user with events.

    Groups with the same events share the columns of their types and times.
    """
    lists: dict[SequenceGroup, pl.DataFrame] = {}
    for group, own in slices.items():
        twin: SequenceGroup | None = next((other for other in lists if share_events(slices[other], own)), None)
        rows = own.end > own.start if only_full else slice(None)
        values = pl.DataFrame({f"{group}_keys": own.keys})
        if twin is None:
            event_ts = pl.Series("event_ts", own.ts).cast(pl.Datetime("us"))
            values = values.with_columns(pl.Series("type_keys", own.type_keys), event_ts)
        made = list_columns(values, own.select(rows))
        common = pl.DataFrame({"user_key": users[rows]}) if twin is None else lists[twin].drop(f"{twin}_keys")
        lists[group] = pl.concat([common, made], how="horizontal").select("user_key", made.columns[0], *SHARED_COLUMNS)
    return lists


def share_events(one: HistorySlices, other: HistorySlices) -> bool:
    """Return whether two groups are the same slices of the same events."""
    return (
        np.may_share_memory(one.ts, other.ts)
        and np.array_equal(one.start, other.start)
        and np.array_equal(one.end, other.end)
    )


def list_columns(values: pl.DataFrame, slices: HistorySlices) -> pl.DataFrame:
    """Convert each column to lists, one per slice."""
    offsets = np.zeros(len(slices.start) + 1, np.int64)
    np.cumsum(slices.end - slices.start, out=offsets[1:])
    return pl.DataFrame(
        {
            column.name: pl.from_arrow(pa.LargeListArray.from_arrays(offsets, column.to_arrow()))
            for column in gather_slices(values, slices)
        }
    )


def gather_slices(values: pl.DataFrame, slices: HistorySlices) -> pl.DataFrame:
    """Return the values of the slices, slice by slice.

    Slices that follow each other are read by a mask in one pass. If they cover everything, nothing is copied.
    """
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


def sequence_files(warehouse: Warehouse, ds: date, group: SequenceGroup) -> list[LakeFile]:
    """Return the files of a night's sequences: Sunday's, then the day's own.

    Rows of the day's own files replace the same users' rows of Sunday.
    """
    days = dict.fromkeys((weekly_snapshot_day(ds), ds))
    return [file for day in days for file in warehouse.files(f"{group}_sequences", day, day)]


def has_sequences(warehouse: Warehouse, ds: date, group: SequenceGroup) -> bool:
    """Return whether the night's own files are in the store.

    They may have no rows: then no user has an event since Sunday.
    """
    return bool(warehouse.files(f"{group}_sequences", ds, ds))


def load_sequences(warehouse: Warehouse, ds: date, group: SequenceGroup, bucket: int) -> pl.DataFrame:
    """Load the sequences of a bucket as the night sees them, ordered by user key.

    Raises FeatureError if the night's own files are not in the store.
    """
    if not has_sequences(warehouse, ds, group):
        raise FeatureError(
            f"the {group} sequences of {ds} are not in the store; "
            f"build them: {warehouse.store.command(f'backfill {ds} {ds} --mode removed')}"
        )
    files = [file for file in sequence_files(warehouse, ds, group) if file.bucket == bucket]
    frames = [lake.read(warehouse.store, file) for file in files]
    newest = pl.concat(frames).unique("user_key", keep="last", maintain_order=True)
    return newest.filter(pl.col(f"{group}_keys").list.len() > 0).sort("user_key")
