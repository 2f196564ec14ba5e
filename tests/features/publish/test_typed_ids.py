"""Ids that a person types, in macros and commands -> the rows of that id alone."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

import features
from features import FeatureError, StoreConfig
from features.store import sql_files
from tests.conftest import NOW, Desk

UUID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
OTHER = "7f9619ff-8b86-d011-b42d-00cf4fc964ab"


@pytest.fixture
def release(tmp_path: Path) -> Callable[..., features.Store]:
    """A store with a release: each user has each item ranked, and a why of it; ids of these types."""

    def build(
        users: list[str], goods: list[str], user_type: str = "varchar", goods_type: str = "varchar"
    ) -> features.Store:
        root = tmp_path / "store"
        root.mkdir()
        with duckdb.connect(str(root / "published.duckdb")) as con:
            con.execute("create table users as select unnest($users) as user_id", {"users": users})
            con.execute("create table named as select unnest($goods) as goods_id", {"goods": goods})
            con.execute(
                f"""
                create table goods as select goods_id::{goods_type} as goods_id, 'the ' || goods_id as name from named;
                create table rankings as
                select date '2025-03-01' as ds, user_id::{user_type} as user_id,
                    row_number() over (partition by user_id order by goods.goods_id)::integer as rank,
                    goods.goods_id, 's' as shop_id, 0.5 as score, ['popular'] as sources
                from users cross join goods;
                create table nights as select date '2025-03-01' as ds, null::timestamp as as_of, 'm' as model_id;
                create table why as
                select ds, user_id, goods_id, 'goods' as part, goods_id::varchar as history_id,
                    null::timestamp as event_ts, 0.5 as weight, 1.0 as share
                from rankings;
                """
            )
            con.execute(sql_files.read("published/views"))
        return features.Store(root, StoreConfig())

    return build


def asked(store: features.Store, query: str) -> list[tuple]:
    with duckdb.connect(str(store.published), read_only=True) as con:
        return con.execute(query).fetchall()


MACROS = {
    "ranking_for": "select distinct user_id from ranking_for({})",
    "ranking_at": "select distinct user_id from ranking_at({}, date '2025-03-01')",
    "why_for": "select distinct user_id from why_for({}, '10')",
}
TEXTS = {
    "7": ["7"],
    "'7'": ["7"],
    "'007'": ["007"],
    "7.0": [],
    "'guest-9'": ["guest-9"],
    "8": [],
    f"'{UUID.upper()}'": [UUID],
    f"'{UUID}'::uuid": [UUID],
    f"'{{{UUID}}}'": [UUID],
    f"'{OTHER}'": [OTHER.upper()],
    f"'{OTHER.upper()}'::uuid": [OTHER.upper()],
}


@pytest.mark.parametrize("macro", MACROS)
def test_a_macro_gives_the_rows_of_exactly_one_text_id(release: Callable[..., features.Store], macro: str) -> None:
    store = release(["7", "007", "guest-9", UUID, OTHER.upper()], ["10"])

    found = {typed: [one for (one,) in asked(store, MACROS[macro].format(typed))] for typed in TEXTS}

    assert found == TEXTS


@pytest.mark.parametrize("macro", MACROS)
@pytest.mark.parametrize("written", [f"{{{UUID}}}", f"{{{UUID.upper()}}}", UUID.replace("-", ""), UUID.upper()])
def test_a_macro_finds_a_uuid_however_the_release_writes_it(
    release: Callable[..., features.Store], macro: str, written: str
) -> None:
    store = release([written, OTHER], ["10"])

    found = [asked(store, MACROS[macro].format(f"'{who}'")) for who in (UUID, UUID.upper(), written)]

    assert found == [[(written,)]] * 3


def test_a_macro_gives_the_rows_of_exactly_one_item(release: Callable[..., features.Store]) -> None:
    store = release(["1"], ["7", "007", "x"], user_type="bigint")
    query = "select goods_id, history_name from why_for(1, {})"

    found = [asked(store, query.format(what)) for what in ("7", "'7'", "'007'", "'y'")]

    assert found == [[("7", "the 7")], [("7", "the 7")], [("007", "the 007")], []]


def test_integers_are_asked_for_as_numbers_or_as_text(release: Callable[..., features.Store]) -> None:
    store = release(["7", "8"], ["10"], user_type="bigint", goods_type="bigint")

    found = [asked(store, MACROS["why_for"].format(who)) for who in ("7", "'7'", "'007'", "'guest-9'")]

    assert found == [[(7,)], [(7,)], [], []]


@pytest.mark.parametrize("macro", MACROS)
def test_two_ways_of_writing_a_uuid_are_two_users_where_the_release_has_both(
    release: Callable[..., features.Store], macro: str
) -> None:
    store = release([UUID, UUID.upper()], ["10"])

    found = [asked(store, MACROS[macro].format(f"'{who}'")) for who in (UUID, UUID.upper(), f"{{{UUID}}}")]

    assert found == [[(UUID,)], [(UUID.upper(),)], [(UUID.upper(),)]]


def test_a_command_means_the_id_as_it_is_typed_or_the_same_uuid(release: Callable[..., features.Store]) -> None:
    with features.open_published(release(["7", "007", UUID], ["10", OTHER.upper()])) as reader:
        assert [reader.user(who) for who in ("7", "007", UUID.upper(), f"{{{UUID}}}")] == ["7", "007", UUID, UUID]
        assert [reader.goods(what) for what in ("10", OTHER)] == ["10", OTHER.upper()]
        with pytest.raises(FeatureError, match="user_id 07 is not in the newest ranking"):
            reader.user("07")


def forget(desk: Desk, who: str) -> features.ErasureResult:
    return features.erase_user(desk.store, who, lambda: NOW, lambda *_: ([], []))


@pytest.mark.parametrize("typed", [UUID.upper(), f"{{{UUID}}}", UUID.replace("-", "")])
def test_forget_means_the_same_uuid_in_any_letters(desk: Desk, typed: str) -> None:
    columns = "user_id uuid, goods_id bigint, shop_id bigint, event_type varchar, event_ts timestamp"
    rows = [(one, 10, 5, "buy", datetime(2025, 3, 1, 12)) for one in (UUID, OTHER)]
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source(rows, columns), "2025-03-01", "2025-03-01")

    assert forget(desk, typed).user == UUID
    assert forget(desk, typed).before is not None
    with desk.open() as warehouse:
        counts = desk.ingest(warehouse, desk.source(rows, columns), "2025-03-01", "2025-03-01")
        assert (counts.rows, counts.quarantined) == (1, 1)


def test_forget_never_takes_another_text_for_the_id(desk: Desk) -> None:
    columns = "user_id varchar, goods_id bigint, shop_id bigint, event_type varchar, event_ts timestamp"
    rows = [(one, 10, 5, "buy", datetime(2025, 3, 1, 12)) for one in ("7", "007")]
    with desk.open() as warehouse:
        desk.ingest(warehouse, desk.source(rows, columns), "2025-03-01", "2025-03-01")

    with pytest.raises(FeatureError, match="user_id 07 is nobody's"):
        forget(desk, "07")
    assert forget(desk, "007").rows["events.clicks"] == 1
    with desk.open() as warehouse:
        assert warehouse.con.execute("select user_id from entities.users").fetchall() == [("7",)]


def test_forget_names_a_user_who_is_the_same_uuid_in_other_letters(desk: Desk) -> None:
    columns = "user_id varchar, goods_id bigint, shop_id bigint, event_type varchar, event_ts timestamp"
    with desk.open() as warehouse:
        rows = [(UUID, 10, 5, "buy", datetime(2025, 3, 1, 12))]
        desk.ingest(warehouse, desk.source(rows, columns), "2025-03-01", "2025-03-01")
        warehouse.con.execute("insert into entities.users values ($id, 2, null)", {"id": UUID.upper()})

    assert forget(desk, UUID).others == [UUID.upper()]
    assert (forget(desk, UUID.upper()).user, forget(desk, UUID).others) == (UUID.upper(), [])
