"""Small histories -> what each built-in candidate source proposes."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

import features
from features import CandidateConfig, Warehouse
from features.candidates.candidate_sources import candidate_sources
from features.store import sql_files
from tests.conftest import Desk
from tests.features.candidates.test_candidates import build

NIGHT = date(2025, 3, 30)


@pytest.fixture
def proposed(desk: Desk, warehouse: Warehouse) -> Callable[..., list[tuple[int, int]]]:
    """Return the (user_id, goods_id) that one source proposes, strongest first for each user."""

    def of(source: str, rows: list[tuple]) -> list[tuple[int, int]]:
        desk.ingest(warehouse, desk.source(rows), "2025-02-01", str(NIGHT))
        names = dict.fromkeys(sql_files.names("candidates"), 0)
        found: list[tuple[int, int]] = []
        for quota in range(1, 10):  # one more with each quota: the order
            config = CandidateConfig(max_per_user=quota, quotas=names | {source: quota})
            build(warehouse, config, NIGHT)
            ids = "(select user_id from entities.users where user_key = given.user_key) as user_id"
            goods = "(select goods_id from entities.goods where goods_key = given.goods_key) as goods_id"
            files = [str(desk.store.lake / file.path) for file in warehouse.files("candidates", NIGHT, NIGHT)]
            now = warehouse.con.execute(f"select {ids}, {goods} from read_parquet($files) as given", {"files": files})
            new = [pair for pair in sorted(now.fetchall()) if pair not in found]
            if not new:
                break
            found += new
        return sorted(found, key=lambda pair: pair[0])

    return of


def ago(days: float) -> datetime:
    """Return the moment so many days before the end of the night."""
    return datetime(2025, 3, 31) - timedelta(days=days)


def test_popular_items_are_those_of_most_users_and_recent_events_weigh_more(proposed: Callable) -> None:
    early = [(user, 10, 1, "buy", ago(21)) for user in (1, 2, 3)]
    late = [(user, 11, 1, "buy", ago(1)) for user in (1, 2)]
    bot = [(4, 12, 1, "buy", ago(1 + n / 1000)) for n in range(99)]

    found = proposed("popular", [*early, *late, *bot])

    assert [goods for user, goods in found if user == 1] == [11, 12, 10]


def test_new_users_get_what_is_popular_and_others_do_not(proposed: Callable) -> None:
    bought = [(1, 10, 1, "buy", ago(2)), (2, 10, 1, "buy", ago(2)), (2, 11, 1, "buy", ago(2))]

    assert proposed("for_new_users", [*bought, (3, None, 1, "visit", ago(1))]) == [(3, 10), (3, 11)]


def test_same_category_is_what_is_popular_in_the_categories_of_the_user(
    proposed: Callable, desk: Desk, warehouse: Warehouse
) -> None:
    rows = [(1, 10, 1, "buy", ago(2)), (2, 11, 1, "buy", ago(2)), (3, 11, 2, "buy", ago(2)), (3, 12, 2, "buy", ago(2))]
    desk.ingest(warehouse, desk.source(rows), "2025-03-01", str(NIGHT))
    catalogue = "select * from (values (10, 'tea'), (11, 'tea'), (12, 'soap')) as given (goods_id, cat_id)"
    (desk.folder / "catalogue.sql").write_text(catalogue)
    features.ingest_goods(warehouse, features.find_source(str(desk.folder / "catalogue.sql"), "goods", None))

    found = proposed("same_category", rows)

    assert found == [(1, 11), (1, 10), (2, 11), (2, 10), (3, 12), (3, 11), (3, 10)]


def test_an_item_without_a_category_in_the_catalogue_has_that_of_events(desk: Desk, warehouse: Warehouse) -> None:
    columns = "user_id bigint, goods_id bigint, shop_id bigint, event_type varchar, event_ts timestamp, cat_id bigint"
    rows = [(1, 10, 1, "buy", ago(2), 7), (1, 10, 1, "buy", ago(1), 8)]
    desk.ingest(warehouse, desk.source(rows, columns), "2025-03-01", str(NIGHT))

    build(warehouse, CandidateConfig(), NIGHT)

    assert desk.lake_rows(warehouse, "night_goods", "goods_key, cat_id") == [(1, "8")]


def test_same_shop_is_what_is_popular_in_the_shops_of_the_user(proposed: Callable) -> None:
    rows = [
        (1, 10, 1, "buy", ago(3)),
        (1, None, 2, "visit", ago(2)),
        (2, 11, 1, "buy", ago(2)),
        (2, 12, 2, "buy", ago(2)),
        (2, 13, 3, "buy", ago(2)),
    ]

    assert [goods for user, goods in proposed("same_shop", rows) if user == 1] == [12, 11, 10]


def test_new_in_shop_is_what_first_appeared_in_the_last_thirty_days(proposed: Callable) -> None:
    rows = [
        (1, None, 1, "visit", ago(1)),
        (2, 10, 1, "buy", ago(30)),
        (2, 11, 1, "buy", ago(30.1)),
        (3, 11, 1, "buy", ago(1)),
        (3, 12, 2, "buy", ago(1)),
    ]

    assert [pair for pair in proposed("new_in_shop", rows) if pair[0] == 1] == [(1, 10)]


def test_co_visited_are_the_items_closest_to_those_of_the_user(proposed: Callable) -> None:
    both = [(user, goods, 1, "buy", ago(3)) for user in (1, 2, 3) for goods in (10, 11)]
    one = [(user, goods, 1, "buy", ago(3)) for user in (4, 5, 6) for goods in (10, 12)]
    common = [(user, 12, 1, "buy", ago(3)) for user in (10, 11)]
    seldom = [(user, goods, 1, "buy", ago(3)) for user in (7, 8) for goods in (10, 13)]

    found = proposed("co_visited", [*both, *one, *common, *seldom, (9, 10, 1, "buy", ago(1))])

    assert [pair for pair in found if pair[0] == 9] == [(9, 11), (9, 12)]  # 13 met 10 with two users, not three


def test_seen_not_bought_leaves_out_what_was_bought_since(proposed: Callable) -> None:
    rows = [
        (1, 10, 1, "view", ago(5)),
        (1, 11, 1, "view", ago(5)),
        (1, 11, 1, "buy", ago(4)),
        (1, 12, 1, "buy", ago(9)),
        (1, 12, 1, "view", ago(8)),
        (1, 12, 1, "view", ago(2)),
        (1, 13, 1, "view", ago(30.5)),
    ]

    assert proposed("seen_not_bought", rows) == [(1, 12), (1, 10)]


@pytest.mark.parametrize(("types", "bought"), [(("buy",), 0), ((), 1)], ids=["a type without events", "every type"])
def test_without_events_of_a_bought_type_nothing_is_bought_unless_the_list_is_empty(
    desk: Desk, warehouse: Warehouse, types: tuple[str, ...], bought: int
) -> None:
    desk.ingest(warehouse, desk.source([(1, 10, 1, "review", ago(2))]), "2025-03-01", str(NIGHT))

    counts = build(warehouse, CandidateConfig(purchase_event_types=types), NIGHT)

    assert (counts.by_source["bought_before"], counts.by_source["seen_not_bought"]) == (bought, 1 - bought)


def test_later_events_do_not_change_what_counts_as_bought(desk: Desk, warehouse: Warehouse) -> None:
    rows = [(1, 10, 1, "view", ago(2)), (1, 11, 1, "buy", datetime(2025, 3, 31, 1))]
    desk.ingest(warehouse, desk.source(rows), "2025-03-01", "2025-03-31")

    assert build(warehouse, CandidateConfig(), NIGHT).by_source["bought_before"] == 0
    assert build(warehouse, CandidateConfig(), date(2025, 3, 31)).by_source["bought_before"] == 1


def test_bought_before_is_what_was_bought_often_and_recently(proposed: Callable) -> None:
    rows = [
        (1, 10, 1, "buy", ago(5)),
        (1, 10, 1, "buy", ago(6)),
        (1, 11, 1, "buy", ago(1)),
        (1, 12, 1, "buy", ago(29)),
        (1, 13, 1, "view", ago(1)),
    ]

    assert proposed("bought_before", rows) == [(1, 10), (1, 11), (1, 12)]


def test_bought_again_is_strongest_when_due_by_the_users_own_interval(proposed: Callable) -> None:
    due = [(1, 10, 1, "buy", ago(day)) for day in (27.5, 20.5, 13.5, 6.5)]  # every seven days, and seven are over
    fresh = [(1, 11, 1, "buy", ago(day)) for day in (21.5, 14.5, 7.5, 0.5)]
    overdue = [(1, 12, 1, "buy", ago(day)) for day in (29.5, 27.5, 26.5, 25.5)]  # daily, and given up

    assert proposed("bought_again", [*due, *fresh, *overdue]) == [(1, 10), (1, 11), (1, 12)]


def test_bought_again_uses_the_interval_of_all_users_if_the_user_has_few_purchases(proposed: Callable) -> None:
    others = [
        (user, goods, 1, "buy", ago(day))
        for user in (2, 3)
        for goods, days in ((10, (9, 5)), (11, (28, 4)))
        for day in days
    ]
    own = [(1, 10, 1, "buy", ago(4)), (1, 11, 1, "buy", ago(4)), (1, 12, 1, "buy", ago(4))]

    found = proposed("bought_again", [*others, *own])

    assert [goods for user, goods in found if user == 1] == [10, 11]  # after 4 days, after 24, and never seen again


def test_every_built_in_source_is_listed_unless_it_is_turned_off(desk: Desk) -> None:
    names = [source.name for source in candidate_sources(desk.store, CandidateConfig(quotas={"popular": 0}))]

    assert names == [name for name in sql_files.names("candidates") if name != "popular"]
