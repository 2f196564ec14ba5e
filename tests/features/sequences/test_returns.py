"""Events with a weight of zero or less are returns: they are in histories and nowhere else."""

from datetime import date, datetime

import pytest

import features
from features import CandidateConfig, ExampleConfig, IngestConfig, SequenceConfig, Warehouse
from features.rankings.outcomes import create_positives
from tests.conftest import COLUMNS, Desk

DAY = date(2025, 3, 3)
WEIGHTED = COLUMNS + ", weight double"


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2025, 3, day, hour)


ROWS = [
    (1, 10, 5, "buy", at(1), 2.0),
    (1, 11, 5, "buy", at(1), None),
    (1, 12, 6, "buy", at(1), -1.0),
    (1, 10, 5, "buy", at(2), -1.0),  # returned after it was bought
    (2, 12, 6, "buy", at(2), 0.0),
    (2, 10, 5, "buy", at(3), -1.0),
    (2, 11, 5, "buy", at(3), None),
    (1, 12, 6, "buy", at(3), 1.0),
]


@pytest.fixture
def built(desk: Desk, warehouse: Warehouse) -> Warehouse:
    source = desk.source(ROWS, WEIGHTED, "select * from read_parquet($path)")
    desk.ingest(warehouse, source, "2025-03-01", "2025-03-09")
    for night in (date(2025, 3, 2), DAY):
        features.build_histories(warehouse, night)
        features.build_sequences(warehouse, night, SequenceConfig())
        features.build_night_goods(warehouse, night, CandidateConfig())
        features.build_night_pairs(warehouse, night, CandidateConfig(pair_min_users=1))
        features.build_candidates(warehouse, night, CandidateConfig(pair_min_users=1))
    return warehouse


def lake(desk: Desk, warehouse: Warehouse, asset: str, columns: str, night: date = date(2025, 3, 2)) -> list[tuple]:
    paths = [str(desk.store.lake / file.path) for file in warehouse.files(asset, night, night)]
    return sorted(warehouse.con.execute(f"select {columns} from read_parquet($paths)", {"paths": paths}).fetchall())


def test_a_return_stays_in_the_history_and_the_sequence_of_its_user(desk: Desk, built: Warehouse) -> None:
    assert lake(desk, built, "histories", "user_key, goods_key, is_return") == [
        (1, 1, False),
        (1, 1, True),
        (1, 2, False),
        (1, 3, True),
        (2, 3, True),
    ]
    assert [len(goods) for _, goods in lake(desk, built, "goods_sequences", "user_key, goods_keys")] == [4, 1]


def test_a_return_counts_neither_as_popular_nor_as_bought_nor_as_co_visited(desk: Desk, built: Warehouse) -> None:
    assert lake(desk, built, "night_goods", "goods_key, popularity, lately > 0") == [
        (1, 1, True),
        (2, 1, True),
        (3, 0, False),
    ]
    assert lake(desk, built, "night_pairs", "goods_key, other_key") == [(1, 2), (2, 1)]


def test_no_source_proposes_what_a_user_only_returned_and_a_returned_purchase_still_counts(
    desk: Desk, built: Warehouse
) -> None:
    found = {
        (user, goods): set(names)
        for user, goods, names in lake(desk, built, "candidates", "user_key, goods_key, sources")
    }

    assert {pair for pair in found if pair[1] == 3} == set()
    assert "bought_before" in found[1, 1]
    assert "seen_not_bought" not in found[1, 1]
    assert found[2, 1] == {"for_new_users"}


def test_what_was_only_returned_is_not_excluded_as_recently_bought(desk: Desk, built: Warehouse) -> None:
    counts = features.build_candidates(built, DAY, CandidateConfig(exclude_purchased_days=9))

    assert {(user, goods) for user, goods in lake(desk, built, "candidates", "user_key, goods_key", DAY)} == {
        (2, 1),
        (2, 3),
    }
    assert counts.excluded["bought_lately"] > 0


def test_a_return_is_no_positive_of_examples_or_outcomes(desk: Desk, built: Warehouse) -> None:
    features.create_histories_view(built, DAY)
    config = ExampleConfig(negatives_per_positive=0, negative_sampling="uniform")
    features.build_examples(built, DAY, DAY, config)

    assert lake(desk, built, "examples", "user_key, goods_key, label", DAY) == [(1, 3, 1), (2, 2, 1)]

    create_positives(built, DAY, config)
    assert sorted(built.con.execute("select user_key, goods_key from wanted").fetchall()) == [(1, 3), (2, 2)]


def test_only_a_load_with_returns_has_them(built: Warehouse) -> None:
    assert features.load_histories(built, DAY).is_return is None
    found = features.load_histories(built, DAY, with_returns=True)

    assert found.is_return is not None
    assert found.goods_keys[found.is_return].tolist() == [3, 1, 3, 1]


def test_an_infinite_weight_is_quarantined_and_counted(desk: Desk, warehouse: Warehouse) -> None:
    rows = [(1, 10, 5, "buy", at(1), weight) for weight in (1.0, float("inf"), float("-inf"))]
    counts = desk.ingest(warehouse, desk.source(rows, WEIGHTED), "2025-03-01", "2025-03-01")

    assert (counts.rows_in, counts.rows, counts.quarantined) == (3, 1, 2)
    assert desk.lake_rows(warehouse, "quarantine.clicks", "refused") == [("weight is infinite",)] * 2


@pytest.mark.parametrize("buys", [("BUY",), ("Buy", "no such type")])
def test_types_in_settings_match_in_any_case_and_are_stored_as_given(
    desk: Desk, warehouse: Warehouse, buys: tuple[str, ...]
) -> None:
    rows = [(1, 10, 5, "buy", at(1)), (1, 11, 5, "bUY", at(1)), (1, 12, 5, "VIEW", at(1)), (1, 10, 5, "BUY", at(2))]
    desk.ingest(warehouse, desk.source(rows), "2025-03-01", "2025-03-03")
    night = date(2025, 3, 2)
    features.build_histories(warehouse, night)
    features.build_sequences(warehouse, night, SequenceConfig(goods_event_types=buys))
    config = CandidateConfig(purchase_event_types=buys)
    features.build_night_goods(warehouse, night, config)
    features.build_night_pairs(warehouse, night, config)

    counts = features.build_candidates(warehouse, night, config)

    assert counts.by_source["bought_before"] == 2
    assert counts.by_source["seen_not_bought"] == 1
    assert lake(desk, warehouse, "goods_sequences", "goods_keys") == [([1, 2, 1],)]
    kept = warehouse.con.execute("select event_type from entities.event_types order by 1").fetchall()
    assert kept == [("BUY",), ("VIEW",), ("bUY",), ("buy",)]
    listed = features.listed_types(
        SequenceConfig(shop_event_types=("view",)), ExampleConfig(positive_event_types=("order",)), config
    )
    assert features.unmatched_types(warehouse, night, listed) == (
        ["examples.positive_event_types"],
        ["BUY", "VIEW", "bUY", "buy"],
    )


def test_repeats_without_an_event_id_collapse_next_to_rows_that_have_one(desk: Desk) -> None:
    desk = Desk(desk.folder, desk.config, IngestConfig(exact_duplicates="collapse"))
    columns = COLUMNS + ", event_id varchar"
    rows = [(1, 10, 5, "buy", at(day), name) for day in (1, 2) for name in (None, None, None, f"a{day}", f"a{day}")]
    with desk.open() as warehouse:
        first = desk.ingest(warehouse, desk.source(rows, columns), "2025-03-01", "2025-03-02")
        once = [file.sha256 for file in warehouse.files("events.clicks", at(1).date(), at(9).date())]
        desk.ingest(warehouse, desk.source(rows[::-1], columns), "2025-03-02", "2025-03-02")
        again = desk.ingest(warehouse, desk.source(rows[::-1], columns), "2025-03-01", "2025-03-01")
        twice = [file.sha256 for file in warehouse.files("events.clicks", at(1).date(), at(9).date())]

    assert (first.rows_in, first.rows, first.duplicates, first.quarantined) == (10, 4, 6, 0)
    assert (again.rows_in, again.rows, again.duplicates) == (5, 2, 3)
    assert twice == once
