"""Canaries from the future -> nothing: an item and a shop that are not known yet are in no earlier file."""

from datetime import date, datetime, timedelta

import duckdb
import pytest

import features
from features import CandidateConfig, ExampleConfig, SequenceConfig, Warehouse
from tests.conftest import Desk

FIRST = date(2025, 3, 1)
NIGHTS = [FIRST + timedelta(days=n) for n in range(9, 13)]
FROM = date(2025, 3, 14)  # the canaries happen, or are known, from this day on
CANARY_GOODS, CANARY_SHOP = 666, 66
COLUMNS = "user_id bigint, goods_id bigint, shop_id bigint, event_type varchar, event_ts timestamp, known_at timestamp"


def rows() -> list[tuple]:
    """Return two weeks of eight users, and canaries: some happen on the 14th, some are known only then."""
    known = datetime(2025, 3, 14, 6)
    usual = [
        (user, 10 + (user + day) % 5, 5 + user % 2, "buy", moment, moment + timedelta(hours=1))
        for day in range(1, 16)
        for user in range(1, 9)
        for moment in (datetime(2025, 3, day, 8 + user),)
    ]
    future = [(user, CANARY_GOODS, CANARY_SHOP, "buy", known - timedelta(hours=1), known) for user in range(1, 9)]
    late = [
        (user, CANARY_GOODS, CANARY_SHOP, "buy", datetime(2025, 3, day, 12), known)
        for day in range(2, 13)
        for user in range(1, 9)
    ]
    return [*usual, *future, *late]


@pytest.fixture
def built(desk: Desk, warehouse: Warehouse) -> Warehouse:
    """Build everything up to the candidates of nights before the canaries, with all events in the store."""
    desk.ingest(warehouse, desk.source(rows(), COLUMNS), str(FIRST), "2025-03-20")
    for night in NIGHTS:
        features.build_histories(warehouse, night)
        features.build_sequences(warehouse, night, SequenceConfig())
        features.build_night_goods(warehouse, night, CandidateConfig())
        features.build_night_pairs(warehouse, night, CandidateConfig())
        features.build_candidates(warehouse, night, CandidateConfig())
    features.create_histories_view(warehouse, NIGHTS[-1])
    for history in ("night", "event"):
        config = ExampleConfig(history_cutoff=history, negatives_per_positive=8, negative_sampling="popularity")
        for night in NIGHTS:
            features.build_examples(warehouse, night, NIGHTS[-1], config)
    return warehouse


def canaries(warehouse: Warehouse) -> set[int]:
    [(goods,)] = warehouse.con.execute(
        f"select goods_key from entities.goods where goods_id = {CANARY_GOODS}"
    ).fetchall()
    return {goods}


def files_with(warehouse: Warehouse, first: date, last: date, key: int) -> set[str]:
    """Return the assets with a file that has the key in a column of goods keys."""
    found = set()
    for file in warehouse.files("%", first, last):
        path = str(warehouse.store.lake / file.path)
        columns = dict(row[:2] for row in duckdb.execute("describe from read_parquet(?)", [path]).fetchall())
        for column in ("goods_key", "goods_keys"):
            test = f"list_contains({column}, {key})" if column == "goods_keys" else f"{column} = {key}"
            if column in columns and duckdb.execute(f"from read_parquet(?) where {test}", [path]).fetchall():
                found.add(file.asset)
    return found


def test_nothing_built_for_a_night_contains_later_events(built: Warehouse) -> None:
    [key] = canaries(built)

    assert files_with(built, date(2025, 1, 1), NIGHTS[-1], key) == set()


def test_every_asset_contains_the_canary_once_it_is_known(built: Warehouse) -> None:
    [key] = canaries(built)
    features.build_histories(built, FROM)
    features.build_sequences(built, FROM, SequenceConfig())
    features.build_night_goods(built, FROM, CandidateConfig())
    features.build_night_pairs(built, FROM, CandidateConfig())
    features.build_candidates(built, FROM, CandidateConfig())

    assert files_with(built, FROM, FROM, key) == {
        "events.clicks",
        "goods_sequences",
        "night_goods",
        "night_pairs",
        "candidates",
    }


def test_no_history_of_an_example_contains_later_events(built: Warehouse) -> None:
    [key] = canaries(built)
    features.build_histories(built, date(2025, 3, 15))

    before = features.load_training_data(built, NIGHTS[0], NIGHTS[1], NIGHTS[1], NIGHTS[-1], SequenceConfig()).goods
    examples = [before.keys[start:end].tolist() for start, end in zip(before.start, before.end, strict=True)]

    assert len(examples) > 50
    assert not any(key in history for history in examples)
