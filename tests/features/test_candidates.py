"""Histories -> candidates, with the names of their sources."""

from datetime import date, datetime

import pytest

import features
from features import CandidateConfig, FeatureError, Warehouse
from features import statements as sql_files
from tests.conftest import Desk

DAY = date(2025, 3, 1)


def at(hour: int) -> datetime:
    return datetime(2025, 3, 1, hour)


ROWS = [
    (1, 10, 5, "buy", at(1)),
    (2, 10, 5, "buy", at(2)),
    (2, 11, 5, "buy", at(3)),
    (3, 12, 6, "buy", at(4)),
]


def propose(desk: Desk, warehouse: Warehouse, config: CandidateConfig) -> list[tuple]:
    features.build_histories(warehouse, DAY)
    features.build_night_goods(warehouse, DAY, config)
    features.build_candidates(warehouse, DAY, config)
    return sorted(desk.lake_rows(warehouse, "candidates", "user_key, goods_key, shop_key, sources"))


def test_the_sources_are_united_and_their_names_kept(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source(ROWS), str(DAY), str(DAY))

    assert propose(desk, warehouse, CandidateConfig()) == [
        (1, 1, 1, ["bought_before", "popular", "same_shop"]),
        (1, 2, 1, ["popular", "same_shop"]),
        (1, 3, 2, ["popular"]),
        (2, 1, 1, ["bought_before", "popular", "same_shop"]),
        (2, 2, 1, ["bought_before", "popular", "same_shop"]),
        (2, 3, 2, ["popular"]),
        (3, 1, 1, ["popular"]),
        (3, 2, 1, ["popular"]),
        (3, 3, 2, ["bought_before", "popular", "same_shop"]),
    ]


def test_no_user_gets_more_than_the_quota(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source(ROWS), str(DAY), str(DAY))

    assert propose(desk, warehouse, CandidateConfig(per_user=1)) == [
        (1, 1, 1, ["bought_before", "popular", "same_shop"]),
        (2, 1, 1, ["bought_before", "popular", "same_shop"]),
        (3, 3, 2, ["bought_before", "popular", "same_shop"]),
    ]


def test_an_inactive_goods_is_never_a_candidate(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source(ROWS), str(DAY), str(DAY))
    (desk.folder / "catalogue.sql").write_text("select 10 as goods_id, false as active")
    features.ingest_goods(warehouse, features.find_source(str(desk.folder / "catalogue.sql"), "goods", None))

    assert {row[1] for row in propose(desk, warehouse, CandidateConfig())} == {2, 3}


def test_a_goods_that_moved_is_ranked_in_the_shop_it_was_last_seen_in(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source([*ROWS, (3, 10, 6, "buy", at(9))]), str(DAY), str(DAY))

    assert {row[2] for row in propose(desk, warehouse, CandidateConfig()) if row[1] == 1} == {2}


def test_a_candidate_file_with_other_columns_is_named(
    desk: Desk, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.ingest(warehouse, desk.source(ROWS), str(DAY), str(DAY))
    read = sql_files.read
    monkeypatch.setattr(
        sql_files,
        "read",
        lambda name: "select user_key from night_users" if name == "candidates/popular" else read(name),
    )

    with pytest.raises(FeatureError, match=r"sql/candidates/popular.sql gives \['user_key'\], expected"):
        propose(desk, warehouse, CandidateConfig())
