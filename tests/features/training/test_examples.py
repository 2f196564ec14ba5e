"""Events -> examples of a day, with the history of the night before."""

from datetime import date, datetime
from typing import Literal

import numpy as np
import polars as pl
import pytest

import features
from features import ExampleConfig, SequenceConfig, Warehouse
from features.training.negative_sampling import add_candidates, add_negatives, hash_uniform
from tests.conftest import Desk, write_events

FIRST, DAY = date(2025, 3, 1), date(2025, 3, 2)
KNOWN = pl.DataFrame({"goods_key": [1, 2, 3, 4], "shop_key": [7, 7, 8, 8], "popularity": [5, 1, 1, 3]})


def taken(users: list[int], goods: list[int], shops: list[int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"user_key": users, "goods_key": goods, "shop_key": shops, "as_of": [datetime(2025, 3, 2)] * len(users)}
    )


def at(day: int, hour: int) -> datetime:
    return datetime(2025, 3, day, hour)


def examples(desk: Desk, warehouse: Warehouse, rows: list[tuple], config: ExampleConfig) -> features.LabelledExamples:
    desk.ingest(warehouse, desk.source(rows), str(FIRST), "2025-03-03")
    features.build_histories(warehouse, DAY)
    features.create_histories_view(warehouse, DAY)
    features.build_examples(warehouse, DAY, DAY, config)
    return features.load_examples(warehouse, DAY, DAY)


def seen(warehouse: Warehouse, config: SequenceConfig) -> list[list[int]]:
    """Return the goods keys that each example of the day may see."""
    goods = features.load_training_data(warehouse, DAY, DAY, DAY, DAY, config).goods
    return [goods.keys[start:end].tolist() for start, end in zip(goods.start, goods.end, strict=True)]


def test_a_positive_has_the_history_of_the_night_before(desk: Desk, warehouse: Warehouse) -> None:
    rows = [
        (1, 10, 5, "click", at(1, 9)),
        (1, 11, 5, "click", at(1, 10)),
        (1, 10, 5, "buy", at(2, 9)),
        (1, 10, 5, "buy", at(2, 10)),
        (1, 12, 5, "buy", at(3, 9)),
    ]

    found = examples(desk, warehouse, rows, ExampleConfig(negatives_per_positive=0, negative_sampling="popularity"))

    assert (found.user_keys.tolist(), found.goods_keys.tolist(), found.labels.tolist()) == ([1], [1], [1])
    assert seen(warehouse, SequenceConfig()) == [[1, 2]]
    assert found.as_of.tolist() == [(datetime(2025, 3, 2) - datetime(1970, 1, 1)).days * 86_400_000_000]


def test_an_item_without_earlier_events_is_no_example(desk: Desk, warehouse: Warehouse) -> None:
    rows = [(1, 10, 5, "click", at(1, 9)), (1, 99, 5, "buy", at(2, 9))]

    assert examples(desk, warehouse, rows, ExampleConfig()).labels.tolist() == []


def test_only_the_positive_types_are_positives(desk: Desk, warehouse: Warehouse) -> None:
    rows = [
        (1, 10, 5, "click", at(1, 9)),
        (1, 11, 5, "click", at(1, 9)),
        (1, 10, 5, "buy", at(2, 9)),
        (1, 11, 5, "click", at(2, 9)),
    ]

    found = examples(
        desk,
        warehouse,
        rows,
        ExampleConfig(positive_event_types=("buy",), negatives_per_positive=0, negative_sampling="popularity"),
    )

    assert found.goods_keys.tolist() == [1]


def test_a_negative_is_never_a_positive_of_that_user_that_day() -> None:
    positives = taken([1, 1, 2], [1, 4, 2], [7, 8, 7])

    rows = add_negatives(positives, KNOWN, ExampleConfig(negatives_per_positive=50), DAY).rows()

    assert {row[:2] for row in rows if row[4] == 0} == {(1, 2), (1, 3), (2, 1), (2, 3), (2, 4)}
    assert {row[:3] for row in rows if row[4] == 1} == {(1, 1, 7), (1, 4, 8), (2, 2, 7)}
    assert {row[1]: row[2] for row in rows} == {1: 7, 2: 7, 3: 8, 4: 8}


def test_a_user_who_took_everything_has_no_negatives() -> None:
    positives = taken([1] * 4, [1, 2, 3, 4], [7, 7, 8, 8])

    assert add_negatives(positives, KNOWN, ExampleConfig(), DAY)["label"].to_list() == [1, 1, 1, 1]


def test_negatives_of_a_user_do_not_depend_on_the_other_users() -> None:
    positives = taken([1, 2, 3], [1, 2, 3], [7, 7, 8])
    together = add_negatives(positives, KNOWN, ExampleConfig(), DAY)
    apart = pl.concat(add_negatives(positives[i : i + 1], KNOWN, ExampleConfig(), DAY) for i in range(3))

    assert together.rows() == apart.rows()


def test_negatives_are_sampled_by_popularity() -> None:
    positives = taken(list(range(1, 4001)), [2] * 4000, [7] * 4000)
    config = ExampleConfig(negatives_per_positive=1, popularity_exponent=1.0, negative_sampling="popularity")

    drawn = add_negatives(positives, KNOWN, config, DAY).filter(pl.col("label") == 0)["goods_key"].to_numpy()

    shares = np.bincount(drawn, minlength=5)[1:] / len(drawn)
    assert shares == pytest.approx([5 / 9, 0, 1 / 9, 3 / 9], abs=0.03)


def test_negatives_may_be_sampled_uniformly_from_all_known_items() -> None:
    positives = taken(list(range(1, 4001)), [2] * 4000, [7] * 4000)

    rows = add_negatives(positives, KNOWN, ExampleConfig(negatives_per_positive=1, negative_sampling="uniform"), DAY)

    drawn = rows.filter(pl.col("label") == 0)["goods_key"].to_numpy()
    assert np.bincount(drawn, minlength=5)[1:] / len(drawn) == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3], abs=0.03)


def test_candidates_that_were_taken_are_positives_and_others_are_negatives() -> None:
    candidates = pl.DataFrame({"user_key": [1, 1, 1, 2], "goods_key": [1, 3, 4, 2], "shop_key": [7, 8, 8, 7]})
    bought = taken([1, 1, 2, 3], [1, 2, 2, 3], [7, 7, 7, 8])

    rows = add_candidates(bought, candidates, ExampleConfig(negatives_per_positive=9), DAY).rows()

    assert [(user, goods, label) for user, goods, _, _, label in rows] == [(1, 1, 1), (1, 3, 0), (1, 4, 0), (2, 2, 1)]


def test_there_are_no_examples_if_no_candidate_was_taken() -> None:
    candidates = pl.DataFrame({"user_key": [1, 2], "goods_key": [3, 2], "shop_key": [8, 7]})

    assert add_candidates(taken([1], [2], [7]), candidates, ExampleConfig(), DAY).rows() == []
    assert add_candidates(taken([1], [3], [8]), candidates.clear(), ExampleConfig(), DAY).rows() == []


def test_with_event_history_an_example_sees_all_events_strictly_before_it(desk: Desk, warehouse: Warehouse) -> None:
    rows = [
        (1, 10, 5, "click", at(1, 9)),
        (1, 11, 5, "click", at(1, 10)),
        (1, 11, 5, "click", at(2, 8)),
        (1, 10, 5, "buy", at(2, 9)),
        (1, 11, 5, "buy", at(2, 9)),
        (1, 10, 5, "buy", at(2, 10)),
    ]

    config = ExampleConfig(
        history_cutoff="event", positive_event_types=("buy",), negatives_per_positive=0, negative_sampling="popularity"
    )
    found = examples(desk, warehouse, rows, config)

    assert found.goods_keys.tolist() == [1, 2]
    assert seen(warehouse, SequenceConfig()) == [[1, 2, 2], [1, 2, 2]]


def test_impressions_are_the_labels_of_days_that_have_them(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(
        warehouse, desk.source([(1, 10, 5, "click", at(1, 9)), (1, 11, 6, "buy", at(2, 9))]), str(FIRST), str(DAY)
    )
    shown = [(1, 10, at(2, 9), 0), (1, 11, at(2, 9), 1), (2, 12, at(2, 23), 0), (1, 10, at(2, 10), 1)]
    write_events(desk.folder / "shown.parquet", shown, "user_id bigint, goods_id bigint, event_ts timestamp, label int")
    (desk.folder / "shown.sql").write_text("from read_parquet($path)")
    source = features.find_source(str(desk.folder / "shown.sql"), "impressions", str(desk.folder / "shown.parquet"))

    counts = features.ingest_impressions(warehouse, source, FIRST, DAY, desk.ingestion)
    features.build_histories(warehouse, DAY)
    features.create_histories_view(warehouse, DAY)

    assert (counts.rows_in, counts.rows) == (4, 4)
    expected: tuple[tuple[Literal["night", "event"], list[tuple]], ...] = (
        ("night", [(1, 1, 1, 1), (1, 2, 0, 1), (2, 3, 0, 0)]),
        ("event", [(1, 1, 1, 0), (1, 2, 0, 1), (1, 1, 1, 1), (2, 3, 0, 0)]),
    )
    for history, labels in expected:
        features.build_examples(warehouse, DAY, DAY, ExampleConfig(history_cutoff=history))
        found = features.load_examples(warehouse, DAY, DAY)
        columns = (found.user_keys, found.goods_keys, found.shop_keys, found.labels)
        assert list(zip(*(column.tolist() for column in columns), strict=True)) == labels


def test_uniform_numbers_are_uniform_and_depend_on_every_part() -> None:
    numbers = hash_uniform(17, np.arange(100_000), 3)

    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert np.histogram(numbers, 10, (0, 1))[0] / 10_000 == pytest.approx(np.ones(10), abs=0.05)
    assert not np.array_equal(numbers, hash_uniform(17, np.arange(100_000), 4))
    assert not np.array_equal(numbers, hash_uniform(18, np.arange(100_000), 3))
