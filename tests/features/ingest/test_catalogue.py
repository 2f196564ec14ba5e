"""The goods catalogue: what each night may know of an item, its shop, and items that nobody has touched yet."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

import features
from features import CandidateConfig, ExampleConfig, FeatureError, SequenceConfig, Warehouse
from tests.conftest import Desk
from tests.features.candidates.test_candidates import build, own_source

DAYS = [date(2025, 3, day) for day in range(1, 6)]
ROWS = [
    (1, 10, 7, "buy", datetime(2025, 3, 1, 9)),
    (2, 10, 7, "buy", datetime(2025, 3, 1, 10)),
    (1, 10, None, "view", datetime(2025, 3, 2, 9)),
    (1, 11, None, "view", datetime(2025, 3, 2, 10)),
    (2, 11, None, "view", datetime(2025, 3, 3, 10)),
    (2, 12, None, "buy", datetime(2025, 3, 4, 10)),
]
LAUNCH = "select user_key, goods_key, 1 as strength from night_users cross join night_goods_ids where goods_id = 99"


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = datetime(2025, 3, 1, 12)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(desk: Desk, clock: Clock) -> Iterator[Warehouse]:
    """A store that has read ROWS, whose clock can be set."""
    with features.open_warehouse(desk.store, "a test", clock) as warehouse:
        desk.ingest(warehouse, desk.source(ROWS), "2025-03-01", "2025-03-05")
        yield warehouse


@pytest.fixture
def read(desk: Desk, shop: Warehouse, clock: Clock) -> Callable[..., features.CatalogueResult]:
    """Reads a catalogue on a day of March: columns, then rows."""

    def ingest(day: int, columns: str, rows: str, name: str = "stock") -> features.CatalogueResult:
        clock.now = datetime(2025, 3, day, 12)
        (desk.folder / f"{name}.sql").write_text(f"from (values {rows}) as given ({columns})")
        return features.ingest_goods(shop, features.find_source(str(desk.folder / f"{name}.sql"), "goods", None))

    return ingest


def night_goods(desk: Desk, warehouse: Warehouse, ds: date) -> dict[int, tuple]:
    """Each item a night knows, by its id: shop, category, active, popularity."""
    features.build_histories(warehouse, ds)
    features.build_night_goods(warehouse, ds, CandidateConfig())
    ids = dict(warehouse.con.execute("select goods_key, goods_id from entities.goods").fetchall())
    shops = dict(warehouse.con.execute("select shop_key, shop_id from entities.shops").fetchall())
    [file] = warehouse.files("night_goods", ds, ds)
    rows = warehouse.con.execute(
        "select goods_key, shop_key, cat_id, active, popularity from read_parquet($path)",
        {"path": str(warehouse.store.lake / file.path)},
    ).fetchall()
    return {ids[key]: (shops.get(shop), *others) for key, shop, *others in rows}


def shop_sequences(warehouse: Warehouse, ds: date) -> dict[int, list[int]]:
    """The shops of each user's sequence of a night."""
    features.build_histories(warehouse, ds)
    features.build_sequences(warehouse, ds, SequenceConfig())
    users = dict(warehouse.con.execute("select user_key, user_id from entities.users").fetchall())
    shops = dict(warehouse.con.execute("select shop_key, shop_id from entities.shops").fetchall())
    found = {}
    for bucket in range(warehouse.store.config.buckets):
        for user, keys, *_ in features.load_sequences(warehouse, ds, "shop", bucket).rows():
            found[users[user]] = [shops[key] for key in keys]
    return found


def test_an_event_without_a_shop_does_not_take_an_items_shop(desk: Desk, shop: Warehouse) -> None:
    assert night_goods(desk, shop, DAYS[1])[10] == (7, None, True, 2)


def test_an_item_that_no_event_gives_a_shop_has_the_catalogues(desk: Desk, shop: Warehouse, read: Callable) -> None:
    read(1, "goods_id, shop_id", "(10, 8), (11, 8)")

    found = night_goods(desk, shop, DAYS[1])

    assert {goods: row[0] for goods, row in found.items()} == {10: 7, 11: 8}


def test_a_night_sees_the_catalogue_as_read_by_its_end_and_before_the_first_read_the_first(
    desk: Desk, shop: Warehouse, read: Callable
) -> None:
    read(2, "goods_id, shop_id, cat_id, active", "(11, 8, 'tea', true)")
    read(4, "goods_id, shop_id, cat_id, active", "(11, 9, 'tin', false)")

    found = [night_goods(desk, shop, ds).get(11) for ds in DAYS]

    assert found == [
        (8, "tea", True, 0),
        (8, "tea", True, 1),
        (8, "tea", True, 2),
        (9, "tin", False, 2),
        (9, "tin", False, 2),
    ]


def test_an_event_without_a_shop_is_in_the_shop_that_the_catalogue_gave_its_item_that_day(
    shop: Warehouse, read: Callable
) -> None:
    read(2, "goods_id, shop_id", "(11, 8)")
    read(3, "goods_id, shop_id", "(11, 9)")
    read(5, "goods_id, shop_id", "(12, 9)")

    assert shop_sequences(shop, DAYS[3]) == {1: [7, 8], 2: [7, 9]}


def test_training_and_night_see_the_same_shops_of_events(shop: Warehouse, read: Callable) -> None:
    read(2, "goods_id, shop_id", "(11, 8)")
    read(3, "goods_id, shop_id", "(11, 9)")
    features.build_histories(shop, DAYS[4])

    loaded = features.load_histories(shop, DAYS[4])

    shops = dict(shop.con.execute("select shop_key, shop_id from entities.shops").fetchall())
    assert [shops.get(key) for key in loaded.shop_keys] == [7, None, 8, 7, 9, None]


def test_same_shop_counts_events_whose_shop_the_catalogue_knows(desk: Desk, shop: Warehouse, read: Callable) -> None:
    read(1, "goods_id, shop_id", "(11, 8), (12, 8)")

    counts = build(shop, CandidateConfig(quotas=only("same_shop")), DAYS[3])

    pairs = [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]
    assert counts.by_source == {"same_shop": 6}
    assert sorted(desk.lake_rows(shop, "candidates", "user_key, goods_key")) == pairs


def only(*kept: str) -> dict[str, int]:
    """Quotas that turn every other built-in source off."""
    return {name: 0 for name in features.store.sql_files.names("candidates") if name not in kept}


def test_a_column_that_a_source_does_not_give_and_an_empty_value_stay_as_they_were(
    shop: Warehouse, read: Callable
) -> None:
    read(1, "goods_id, active", "(10, false), (11, true)")
    read(2, "goods_id, name, shop_id, cat_id", "(10, 'tea', 7, 'drinks'), (11, null, null, null)", "names")
    read(3, "goods_id, active, name", "(10, null, null), (11, false, 'tin')")

    rows = shop.con.execute(
        "select goods_id, active, name, cat_id, shop_id from entities.catalogue as now "
        "join entities.goods using (goods_key) left join entities.shops using (shop_key) order by goods_id"
    ).fetchall()

    assert rows == [(10, False, "tea", "drinks", 7), (11, False, "tin", None, None)]


def test_rows_of_one_read_that_differ_are_counted_and_resolved_alike_in_any_order(
    shop: Warehouse, read: Callable
) -> None:
    rows = ["(10, 9, 'tea', true)", "(10, 8, 'chai', true)", "(10, 8, 'tea', false)", "(11, 8, 'tin', true)"]
    first = read(
        1, "goods_id, shop_id, name, active", ", ".join([*rows, "(11, 8, 'tin', true)", "(null, 8, 'x', true)"])
    )
    now = shop.con.execute("from entities.catalogue order by goods_key").fetchall()

    again = read(1, "goods_id, shop_id, name, active", ", ".join(reversed(rows)))

    assert (first.rows_in, first.rows, first.duplicates, first.quarantined) == (6, 2, 3, 1)
    assert (first.changed, first.conflicts, first.example) == (2, 1, "10")
    assert again.changed == 0
    assert [(name, active) for _, _, _, name, active, _ in now] == [("chai", False), ("tin", True)]
    assert shop.con.execute("from entities.catalogue order by goods_key").fetchall() == now


def test_an_unchanged_catalogue_adds_no_row_and_makes_no_night_stale(
    desk: Desk, shop: Warehouse, read: Callable
) -> None:
    read(1, "goods_id, shop_id, active", "(10, 8, true), (11, 8, true)")
    night_goods(desk, shop, DAYS[4])
    now = shop.con.execute("from entities.catalogue order by all").fetchall()

    again = read(4, "goods_id, shop_id, active", "(11, 8, true)")

    assert again.changed == 0
    assert shop.con.execute("from entities.catalogue order by all").fetchall() == now
    assert shop.con.execute("from entities.catalogue_before").fetchall() == []
    assert is_current(shop, DAYS[4])


def is_current(warehouse: Warehouse, ds: date) -> bool:
    from features.candidates.item_stats import night_goods_fingerprint

    return warehouse.is_current("night_goods", ds, night_goods_fingerprint(warehouse, ds, CandidateConfig()))


def test_a_changed_row_makes_stale_the_nights_from_its_day_on_alone_and_a_name_none(
    desk: Desk, shop: Warehouse, read: Callable
) -> None:
    read(1, "goods_id, active", "(10, true), (11, true)")
    for ds in DAYS:
        night_goods(desk, shop, ds)

    read(3, "goods_id, name", "(10, 'tea')")
    named = [is_current(shop, ds) for ds in DAYS]
    read(4, "goods_id, active", "(10, false)")

    assert named == [True] * 5
    assert [is_current(shop, ds) for ds in DAYS] == [True, True, True, False, False]


def test_the_day_of_a_read_is_that_of_the_stores_time_zone(desk_with: Callable[..., Desk], clock: Clock) -> None:
    desk = desk_with(timezone="Asia/Tokyo")
    with features.open_warehouse(desk.store, "a test", clock) as warehouse:
        desk.ingest(warehouse, desk.source(ROWS), "2025-03-01", "2025-03-05")
        (desk.folder / "stock.sql").write_text("select 10 as goods_id")
        clock.now = datetime(2025, 3, 1, 16)
        features.ingest_goods(warehouse, features.find_source(str(desk.folder / "stock.sql"), "goods", None))

        assert warehouse.con.execute("select since from entities.catalogue").fetchall() == [(date(2025, 3, 2),)]


def test_an_item_of_the_catalogue_alone_is_proposed_by_an_own_source_and_by_no_other(
    desk: Desk, shop: Warehouse, read: Callable
) -> None:
    read(1, "goods_id, shop_id, active", "(99, 7, true), (98, 7, false)")
    own_source(desk, LAUNCH, "launch")
    own_source(desk, LAUNCH.replace("99", "98"), "withdrawn")

    counts = build(shop, CandidateConfig(), DAYS[3])

    assert (counts.by_source["launch"], counts.by_source["withdrawn"]) == (2, 0)
    names = desk.lake_rows(shop, "candidates", "sources, shop_key")
    assert [row for row in names if "launch" in row[0]] == [(["launch"], 1), (["launch"], 1)]


def test_an_item_of_the_catalogue_alone_is_no_example_where_negatives_are_drawn_from_all_items(
    shop: Warehouse, read: Callable
) -> None:
    read(3, "goods_id, shop_id", "(12, 8)")
    features.build_histories(shop, DAYS[4])
    features.create_histories_view(shop, DAYS[4])
    config = ExampleConfig(negative_sampling="uniform", negatives_per_positive=0)

    assert features.build_examples(shop, DAYS[3], DAYS[3], config) == 0


def test_an_item_of_the_catalogue_alone_is_a_positive_where_it_was_a_candidate(
    desk: Desk, shop: Warehouse, read: Callable
) -> None:
    read(1, "goods_id, shop_id", "(12, 8)")
    desk.store.candidates.mkdir()
    (desk.store.candidates / "launch.sql").write_text(
        "select night_user_ids.user_key, night_goods_ids.goods_key, 1.0 as strength"
        " from night_user_ids cross join night_goods_ids where night_goods_ids.goods_id = 12"
    )
    features.build_histories(shop, DAYS[4])
    features.create_histories_view(shop, DAYS[4])
    features.build_night_goods(shop, DAYS[2], CandidateConfig())
    features.build_night_pairs(shop, DAYS[2], CandidateConfig())
    features.build_candidates(shop, DAYS[2], CandidateConfig())

    features.build_examples(
        shop, DAYS[3], DAYS[3], ExampleConfig(negative_sampling="candidates", negatives_per_positive=0)
    )

    ids = dict(shop.con.execute("select goods_key, goods_id from entities.goods").fetchall())
    labelled = desk.lake_rows(shop, "examples", "goods_key, label")
    assert [(ids[key], label) for key, label in labelled] == [(12, 1)]


def test_what_is_taken_the_day_it_is_launched_is_no_example(desk: Desk, shop: Warehouse, read: Callable) -> None:
    read(1, "goods_id", "(10)")
    read(4, "goods_id, shop_id", "(12, 8)")
    features.build_histories(shop, DAYS[4])
    features.create_histories_view(shop, DAYS[4])

    assert (
        features.build_examples(
            shop, DAYS[3], DAYS[3], ExampleConfig(negative_sampling="uniform", negatives_per_positive=0)
        )
        == 0
    )


def test_goods_and_shops_that_only_the_catalogue_has_stay_unknown_to_a_model(shop: Warehouse, read: Callable) -> None:
    read(1, "goods_id, shop_id", "(11, 8), (99, 9)")
    features.build_histories(shop, DAYS[4])
    features.create_histories_view(shop, DAYS[4])

    goods, shops = features.never_touched(shop, DAYS[4])

    ids = dict(shop.con.execute("select goods_key, goods_id from entities.goods").fetchall())
    names = dict(shop.con.execute("select shop_key, shop_id from entities.shops").fetchall())
    assert ([ids[key] for key in goods], [names[key] for key in shops]) == ([99], [9])


def test_the_catalogue_of_an_older_store_counts_from_the_beginning(
    desk: Desk, shop: Warehouse, read: Callable, clock: Clock
) -> None:
    read(1, "goods_id, shop_id, active", "(10, 8, true), (11, 8, true)")
    older = "create table kept as select * exclude (since) from entities.catalogue; drop table entities.catalogue;"
    shop.con.execute(older + " drop table entities.catalogue_before;")
    shop.con.execute(
        "create table entities.catalogue (goods_key integer primary key, shop_key integer not null, cat_id varchar,"
        " name varchar, active boolean not null); insert into entities.catalogue from kept; drop table kept"
    )

    features.store.sql_files.run(shop.con, "schema/warehouse")
    read(4, "goods_id, active", "(11, false)")

    assert [night_goods(desk, shop, ds)[11] for ds in (DAYS[1], DAYS[3])] == [(8, None, True, 1), (8, None, False, 2)]
    assert shop.con.execute("select goods_key, active, since, until_ds from entities.catalogue_before").fetchall() == [
        (2, True, date(1970, 1, 1), date(2025, 3, 4))
    ]


def test_a_catalogue_before_any_events_is_refused(desk: Desk, warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "stock.sql").write_text("select 10 as goods_id")

    with pytest.raises(FeatureError, match="ingest events first; the catalogue then names their goods"):
        features.ingest_goods(warehouse, features.find_source(str(tmp_path / "stock.sql"), "goods", None))
