"""Ids: what counts as one, in every type and way of writing."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

import features
from features import CandidateConfig, FeatureError, Warehouse
from features.candidates.block_list import read_block_list
from features.store.typed_ids import texts_of_id
from tests.conftest import COLUMNS, Desk
from tests.features.candidates.test_candidates import build, own_source

DAY, NEXT = "2025-03-01", "2025-03-02"
NOON = datetime(2025, 3, 1, 12)
EVENT = "10 as goods_id, 5 as shop_id, 'buy' as event_type"
UUID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"


@pytest.fixture
def read(desk: Desk, warehouse: Warehouse) -> Callable[..., features.IngestResult]:
    """Reads events of a day whose event ids are these, as SQL."""

    def ingest(day: str, *event_ids: str, name: str = "buys") -> features.IngestResult:
        rows = " union all by name ".join(f"select {one} as event_id" for one in event_ids)
        when = f"timestamp '{day} 12:00:00' as event_ts"
        (desk.folder / f"{name}.sql").write_text(
            f"select given.*, 1 as user_id, {EVENT}, {when} from ({rows}) as given"
        )
        source = features.find_source(str(desk.folder / f"{name}.sql"), "events", None)
        return desk.ingest(warehouse, source, day, day)

    return ingest


FIRST = {
    "bigint": "5::bigint",
    "integer": "5::integer",
    "unsigned": "5::ubigint",
    "hugeint": "5::hugeint",
    "uhugeint": "5::uhugeint",
    "decimal": "5::decimal(38, 0)",
    "decimal with a fraction": "5::decimal(10, 2)",
    "float": "5::float",
    "double": "5::double",
    "text": "'5'",
    "blob": "'5'::blob",
    "json": "'5'::json",
    "enum": "'5'::enum('5')",
}


@pytest.mark.parametrize("again", FIRST)
@pytest.mark.parametrize("first", ["bigint", "unsigned", "hugeint", "double", "text", "blob"])
def test_an_event_id_means_one_event_in_every_type(
    read: Callable[..., features.IngestResult], first: str, again: str
) -> None:
    assert read(DAY, FIRST[first]).rows == 1

    counts = read(NEXT, FIRST[again], f"null::{'varchar' if again == 'enum' else 'integer'}")

    assert (counts.rows, counts.duplicates) == (1, 1)


EVENT_IDS: dict[str, tuple[list[str], list[tuple[Any, Any]]]] = {
    "unsigned": (
        ["5::ubigint", "9223372036854775807::ubigint", "9223372036854775813::ubigint"],
        [(None, 2**63 + 5), (None, 2**64 - 1), ("9223372036854775813", None)],
    ),
    "hugeint": (
        ["-9223372036854775808::hugeint", "5::hugeint", "170141183460469231731687303715884105727::hugeint"],
        [(None, 0), (None, 2**63 + 5), ("170141183460469231731687303715884105727", None)],
    ),
    "decimal": (["-1::decimal(38, 0)"], [(None, 2**63 - 1)]),
    "double": (["5.0::double", "5.5::double"], [(None, 2**63 + 5), ("5.5", None)]),
    "text": (["'5'", "'007'"], [("007", None), ("5", None)]),
    "uuid": ([f"'{UUID.upper()}'::uuid"], [(UUID, None)]),
}


@pytest.mark.parametrize("kind", EVENT_IDS)
def test_event_ids_of_any_type_are_kept(
    desk: Desk, warehouse: Warehouse, read: Callable[..., features.IngestResult], kind: str
) -> None:
    given, kept = EVENT_IDS[kind]

    counts = read(DAY, *given)

    rows = desk.lake_rows(warehouse, "events.buys", "event_id, if(event_id is null, event_no, null)")
    assert (counts.rows, counts.duplicates, sorted(rows, key=str)) == (len(given), 0, sorted(kept, key=str))


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (f"'{UUID}'::uuid", f"'{UUID.upper()}'"),
        (f"'{UUID.upper()}'", f"'{UUID}'::uuid"),
        (f"'{UUID}'", f"'{UUID}'::uuid"),
        (r"'\xC3\xA9'::blob", "'é'"),
        ("'é'", r"'\xC3\xA9'::blob"),
        ("'\"a\"'::json", "'a'"),
        ("'9223372036854775813'", "9223372036854775813::ubigint"),
        ("9223372036854775813::ubigint", "'9223372036854775813'"),
        ("5::bigint", "'5.0'"),
        ("'5.0'", "5::bigint"),
        ("'5.0'", "5::double"),
        ("'5.0'", "5::decimal(10, 2)"),
        (f"'{{{UUID}}}'", f"'{UUID}'::uuid"),
        (f"'{{{UUID.upper()}}}'", f"'{UUID}'::uuid"),
        (f"'{UUID.replace('-', '')}'", f"'{UUID}'::uuid"),
        (f"'{UUID.replace('-', '').upper()}'", f"'{UUID}'::uuid"),
        (f"'{UUID}'::uuid", f"'{{{UUID.upper()}}}'"),
    ],
)
def test_a_text_and_another_type_mean_the_same_event(
    read: Callable[..., features.IngestResult], first: str, again: str
) -> None:
    read(DAY, first)

    counts = read(NEXT, again)

    assert (counts.rows, counts.duplicates) == (0, 1)


def test_event_ids_that_are_other_texts_are_other_events(read: Callable[..., features.IngestResult]) -> None:
    read(DAY, "7::bigint")

    counts = read(NEXT, "'007'", "'7a'", "'+7'")

    assert (counts.rows, counts.duplicates) == (3, 0)


def older(warehouse: Warehouse) -> None:
    """Make the store one that did not record the form of event ids."""
    warehouse.con.execute("delete from ops.rulers where ruler = 'event_id.buys'")


@pytest.mark.parametrize("again", ["5::bigint", "5::double", "'5'", "5::hugeint"])
@pytest.mark.parametrize("first", ["5::bigint", "'5'", "5::double::varchar"])
def test_older_stores_keep_the_form_of_their_event_ids(
    warehouse: Warehouse, read: Callable[..., features.IngestResult], first: str, again: str
) -> None:
    read(DAY, first)
    older(warehouse)

    counts = read(NEXT, again)

    assert (counts.rows, counts.duplicates) == (0, 1)


def test_a_forgotten_user_does_not_come_back_in_other_letters(desk: Desk, warehouse: Warehouse) -> None:
    columns = COLUMNS.replace("user_id bigint", "user_id varchar")
    desk.ingest(warehouse, desk.source([(UUID, 10, 5, "buy", NOON), ("a", 10, 5, "buy", NOON)], columns), DAY, DAY)
    warehouse.run("erasure/remember", text=UUID, salt="salt", user_key=1, forgotten_at=NOON, model_ids=[])
    warehouse.con.execute("delete from entities.users where user_id <> 'a'")

    counts = desk.ingest(
        warehouse, desk.source([(UUID.upper(), 10, 5, "buy", NOON), ("a", 10, 5, "buy", NOON)], columns), DAY, DAY
    )

    assert (counts.rows, counts.quarantined) == (1, 1)
    assert warehouse.con.execute("select user_id from entities.users").fetchall() == [("a",)]


BLANKS = ["", " ", "\t\n", "\u00a0", "\u200b", "\u3000"]


@pytest.mark.parametrize("column", ["user_id", "goods_id", "shop_id"])
def test_rows_with_a_blank_id_are_quarantined_with_their_reason(desk: Desk, warehouse: Warehouse, column: str) -> None:
    columns = COLUMNS.replace(f"{column} bigint", f"{column} varchar")
    ids = {"user_id": 1, "goods_id": 10, "shop_id": 5}
    rows = [(*(ids | {column: one}).values(), "buy", NOON) for one in (*BLANKS, " a", "é")]

    counts = desk.ingest(warehouse, desk.source(rows, columns), DAY, DAY)

    assert (counts.rows_in, counts.rows, counts.quarantined) == (8, 2, 6)
    assert set(desk.lake_rows(warehouse, "quarantine.clicks", "refused")) == {(f"{column} is blank",)}


def test_blank_ids_of_impressions_and_catalogues_are_quarantined(desk: Desk, warehouse: Warehouse) -> None:
    columns = COLUMNS.replace("goods_id bigint", "goods_id varchar").replace("shop_id bigint", "shop_id varchar")
    desk.ingest(warehouse, desk.source([(1, "a", "s", "buy", NOON)], columns), DAY, DAY)
    shown = "select 1 as user_id, goods_id, timestamp '2025-03-01 12:00:00' as event_ts, true as label"
    (desk.folder / "shown.sql").write_text(f"{shown} from (values ('a'), (''), (' ')) as given (goods_id)")
    (desk.folder / "stock.sql").write_text(
        "from (values ('a', 's'), ('', 's'), (null, 's'), ('b', ' ')) as given (goods_id, shop_id)"
    )

    impressions = features.ingest_impressions(
        warehouse,
        features.find_source(str(desk.folder / "shown.sql"), "impressions", None),
        date.fromisoformat(DAY),
        date.fromisoformat(DAY),
        desk.ingestion,
    )
    stock = features.ingest_goods(warehouse, features.find_source(str(desk.folder / "stock.sql"), "goods", None))

    assert (impressions.rows, impressions.quarantined) == (1, 2)
    assert (stock.rows_in, stock.rows, stock.quarantined) == (4, 1, 3)
    assert stock.refused == {"goods_id is blank": 1, "goods_id is missing": 1, "shop_id is blank": 1}
    noted = "select reason, rows from ops.refused_rows where asset = 'goods.stock' order by reason"
    assert warehouse.con.execute(noted).fetchall() == [("goods_id is blank", 1), ("shop_id is blank", 1)]
    assert warehouse.con.execute("select goods_id from entities.goods").fetchall() == [("a",)]


def test_a_block_list_names_uuids_in_any_letters(desk: Desk, warehouse: Warehouse) -> None:
    columns = COLUMNS.replace("goods_id bigint", "goods_id varchar")
    desk.ingest(warehouse, desk.source([(1, UUID, 5, "buy", NOON), (1, "tea", 5, "buy", NOON)], columns), DAY, DAY)

    for ids in ([UUID.upper()], [f"{{{UUID}}}"], [bytes.fromhex(UUID.replace("-", ""))]):
        pl.DataFrame({"goods_id": ids}).write_parquet(desk.store.root / "block.parquet")
        blocked, unknown = read_block_list(warehouse)
        assert (blocked["goods_key"].to_list(), unknown) == ([1], 0)


def test_texts_of_an_id_are_its_own_and_those_of_the_same_uuid() -> None:
    assert texts_of_id("007") == ["007"]
    assert texts_of_id("{6F9619FF-8b86-d011-b42d-00cf4fc964ff}") == [
        "{6F9619FF-8b86-d011-b42d-00cf4fc964ff}",
        UUID,
        f"{{{UUID}}}",
        UUID.replace("-", ""),
        UUID.upper(),
        f"{{{UUID.upper()}}}",
        UUID.replace("-", "").upper(),
    ]


@pytest.mark.parametrize(("other", "is_refused"), [("007", True), ("8", False)])
def test_an_own_source_that_compares_text_ids_with_numbers_is_refused_where_two_are_one_number(
    desk: Desk, warehouse: Warehouse, other: str, is_refused: bool
) -> None:
    columns = COLUMNS.replace("user_id bigint", "user_id varchar")
    rows = [("7", 10, 5, "buy", NOON), (other, 11, 5, "buy", NOON)]
    desk.ingest(warehouse, desk.source(rows, columns), DAY, DAY)
    query = (
        "select user_key, goods_key, 1 as strength from night_user_ids cross join night_goods "
        "inner join read_csv($folder || '/campaign.csv') as campaign using (user_id)"
    )
    own_source(desk, query)
    (desk.store.candidates / "campaign.csv").write_text("user_id\n7\n")

    if is_refused:
        with pytest.raises(FeatureError, match=r"compares user_id, .* 007 and 7 are one number"):
            build(warehouse, CandidateConfig())
        typed = "'/campaign.csv', types = {'user_id': 'VARCHAR'})"
        own_source(desk, query.replace("'/campaign.csv')", typed))
    build(warehouse, CandidateConfig())


CATEGORIES = "select cat_id from entities.catalogue"


def test_a_category_that_is_a_whole_number_is_one_category_in_every_type(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source([(1, 10, 5, "buy", NOON)]), DAY, DAY)
    stock = desk.folder / "stock.sql"

    for given, kept in (("5", "5"), ("5.0::double", "5"), ("5.00::decimal(10, 2)", "5"), ("5.5::double", "5.5")):
        stock.write_text(f"select 10 as goods_id, {given} as cat_id")
        features.ingest_goods(warehouse, features.find_source(str(stock), "goods", None))
        assert warehouse.con.execute(CATEGORIES).fetchall() == [(kept,)]


def test_older_stores_keep_their_categories_of_floats(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source([(1, 10, 5, "buy", NOON)]), DAY, DAY)
    warehouse.con.execute("delete from ops.rulers where ruler = 'categories'")
    stock = desk.folder / "stock.sql"
    stock.write_text("select 10 as goods_id, 5.0::double as cat_id")

    features.ingest_goods(warehouse, features.find_source(str(stock), "goods", None))

    assert warehouse.con.execute(CATEGORIES).fetchall() == [("5.0",)]
