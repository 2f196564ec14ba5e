"""Histories -> the last goods and shops of each user, and what a training example may see."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

import features
from features import FeatureError, SequenceConfig, StoreConfig, Warehouse
from features.store import lake
from features.store.lake import LakeFile
from tests.conftest import COLUMNS, Desk

MARCH = datetime(2025, 3, 1)
FIRST, LAST = date(2025, 3, 1), date(2025, 3, 4)


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2025, 3, day, hour)


def build(
    desk: Desk, warehouse: Warehouse, rows: list[tuple], ds: date, config: SequenceConfig, columns: str = COLUMNS
) -> None:
    desk.ingest(warehouse, desk.source(rows, columns), str(FIRST), str(LAST))
    features.build_histories(warehouse, ds)
    features.build_sequences(warehouse, ds, config)


def test_goods_and_shop_sequences_have_separate_lengths(desk: Desk, warehouse: Warehouse) -> None:
    rows = [
        (1, 10, 5, "click", at(1, 1)),
        (1, None, 6, "visit", at(1, 2)),
        (1, 11, 5, "buy", at(1, 3)),
        (1, 12, None, "click", at(1, 4)),
    ]

    build(desk, warehouse, rows, FIRST, SequenceConfig(goods_length=2, shop_length=3))

    assert desk.lake_rows(warehouse, "goods_sequences", "user_key, goods_keys, type_keys, event_ts") == [
        (1, [2, 3], [1, 2], [at(1, 3), at(1, 4)])
    ]
    assert desk.lake_rows(warehouse, "shop_sequences", "user_key, shop_keys, type_keys") == [(1, [1, 2, 1], [2, 3, 1])]


def test_the_night_sees_what_is_strictly_before_the_end_of_its_day(desk: Desk, warehouse: Warehouse) -> None:
    rows = [(1, 10, 5, "click", datetime(2025, 3, 1, 23, 59, 59, 999999)), (1, 11, 5, "click", datetime(2025, 3, 2))]

    build(desk, warehouse, rows, FIRST, SequenceConfig())

    assert desk.lake_rows(warehouse, "goods_sequences", "goods_keys") == [([1],)]


def test_events_at_the_same_time_are_ordered_by_event_id(desk: Desk, warehouse: Warehouse) -> None:
    rows = [(1, goods, 5, "click", at(1), event_id) for goods, event_id in ((10, 30), (11, 9), (12, 200))]

    build(desk, warehouse, rows, FIRST, SequenceConfig(), COLUMNS + ", event_id bigint")

    assert desk.lake_rows(warehouse, "goods_sequences", "goods_keys") == [([2, 1, 3],)]


def test_a_day_before_the_first_event_is_an_error_with_the_first_day(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source([(1, 10, 5, "click", at(2))]), str(FIRST), str(LAST))

    with pytest.raises(FeatureError, match="no events up to 2025-03-01; the first day with events is 2025-03-02"):
        features.build_histories(warehouse, FIRST)


def test_an_empty_day_keeps_the_sequences_of_the_day_before(desk: Desk, warehouse: Warehouse) -> None:
    build(desk, warehouse, [(1, 10, 5, "click", at(1))], date(2025, 3, 3), SequenceConfig())

    assert desk.lake_rows(warehouse, "goods_sequences", "user_key, goods_keys") == [(1, [1])]


def test_a_damaged_event_file_is_named_with_the_command_that_reads_it_again(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source([(1, 10, 5, "click", at(1))]), str(FIRST), str(LAST))
    [file] = warehouse.files("events.clicks", FIRST, LAST)
    path = desk.store.lake / file.path
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)

    with pytest.raises(FeatureError, match=rf"{path}: is damaged.*nightrank ingest clicks"):
        features.build_sequences(warehouse, FIRST, SequenceConfig())


def test_a_damaged_sequence_file_is_rebuilt(desk: Desk, warehouse: Warehouse) -> None:
    build(desk, warehouse, [(1, 10, 5, "click", at(1))], FIRST, SequenceConfig())
    file = warehouse.files("goods_sequences", FIRST, FIRST)[1]
    path = desk.store.lake / file.path
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])

    features.build_sequences(warehouse, FIRST, SequenceConfig())

    assert path.read_bytes() == whole


def test_buckets_threads_and_order_of_arrival_change_no_sequence(
    desk_with: Callable[..., Desk], tmp_path: Path
) -> None:
    rows = [(user, 10 + n % 5, 5 + n % 2, "click", at(1 + n % 3, n % 7)) for n in range(60) for user in (1, 2, 3)]
    seen = []
    for order, buckets, threads in ((rows, 1, 1), (rows[::-1], 5, 2), (rows[30:] + rows[:30], 2, 2)):
        folder = tmp_path / f"{buckets}-{threads}"
        folder.mkdir()
        desk = Desk(folder, StoreConfig(buckets=buckets, threads=threads))
        with desk.open() as warehouse:
            build(desk, warehouse, order, LAST, SequenceConfig(goods_length=20, shop_length=20))
            seen.append(sorted(desk.lake_rows(warehouse, "goods_sequences", "user_key, goods_keys, event_ts::varchar")))

    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize(
    ("asset", "command"),
    [
        ("events.clicks", "nightrank ingest clicks --full --store STORE"),
        ("duplicates.clicks", "nightrank ingest clicks --full --store STORE"),
        ("impressions.shown", "nightrank ingest shown --as impressions --store STORE"),
        (
            "candidates",
            "rm -f STORE/lake/gone.parquet && nightrank backfill 2025-03-01 2025-03-01 --mode failed --store STORE",
        ),
    ],
)
def test_a_missing_file_is_named_with_the_command_that_rebuilds_it(desk: Desk, asset: str, command: str) -> None:
    file = LakeFile(asset, FIRST, 0, "gone.parquet", "0" * 64, 1, 1)

    with pytest.raises(FeatureError) as missing:
        lake.verified_path(desk.store, file)

    said = str(missing.value).replace(str(desk.store.root), "STORE")
    assert said == f"STORE/lake/gone.parquet: is missing; rebuild it with: {command}"
