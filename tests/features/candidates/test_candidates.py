"""Histories -> the union of candidates with their sources; exclusions, and errors of bad sources."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

import features
from features import CandidateConfig, FeatureError, StoreConfig, Warehouse
from features.candidates.block_list import read_block_list
from features.candidates.candidates import candidates_fingerprint
from features.store.fingerprints import explain_change
from tests.conftest import COLUMNS, Desk

DAY = date(2025, 3, 1)


def at(hour: int) -> datetime:
    return datetime(2025, 3, 1, hour)


ROWS = [
    (1, 10, 5, "buy", at(1)),
    (2, 10, 5, "buy", at(2)),
    (2, 11, 5, "buy", at(3)),
    (3, 12, 6, "buy", at(4)),
]


def build(warehouse: Warehouse, config: CandidateConfig, ds: date = DAY) -> features.CandidateCounts:
    features.build_histories(warehouse, ds)
    features.build_night_goods(warehouse, ds, config)
    features.build_night_pairs(warehouse, ds, config)
    return features.build_candidates(warehouse, ds, config)


def propose(desk: Desk, warehouse: Warehouse, config: CandidateConfig) -> list[tuple]:
    build(warehouse, config)
    return sorted(desk.lake_rows(warehouse, "candidates", "user_key, goods_key, shop_key, sources"))


def own_source(desk: Desk, query: str, name: str = "own") -> Path:
    """Write a source into the store, as a person would."""
    desk.store.candidates.mkdir(parents=True, exist_ok=True)
    path = desk.store.candidates / f"{name}.sql"
    path.write_text(query)
    return path


@pytest.fixture
def read(desk: Desk, warehouse: Warehouse) -> Warehouse:
    """Ingest ROWS: users 1 to 3 get the keys 1 to 3, goods 10 to 12 the keys 1 to 3."""
    desk.ingest(warehouse, desk.source(ROWS), str(DAY), str(DAY))
    return warehouse


def test_the_union_keeps_the_names_of_the_sources(desk: Desk, read: Warehouse) -> None:
    bought = ["bought_before", "popular", "same_shop"]

    assert propose(desk, read, CandidateConfig(quotas={"new_in_shop": 0})) == [
        (1, 1, 1, bought),
        (1, 2, 1, ["popular", "same_shop"]),
        (1, 3, 2, ["popular"]),
        (2, 1, 1, bought),
        (2, 2, 1, bought),
        (2, 3, 2, ["popular"]),
        (3, 1, 1, ["popular"]),
        (3, 2, 1, ["popular"]),
        (3, 3, 2, bought),
    ]


def test_no_user_gets_more_than_per_user_and_the_last_purchase_counts_most(desk: Desk, read: Warehouse) -> None:
    assert [row[:2] for row in propose(desk, read, CandidateConfig(max_per_user=1))] == [(1, 1), (2, 2), (3, 3)]


def test_a_source_gives_at_most_its_quota_and_nothing_at_0(desk: Desk, read: Warehouse) -> None:
    counts = build(read, CandidateConfig(max_per_source=2, quotas={"popular": 1, "same_shop": 0, "new_in_shop": 0}))

    assert {name: rows for name, rows in counts.by_source.items() if rows} == {"popular": 3, "bought_before": 4}


def test_a_quota_that_names_no_source_is_an_error_that_lists_them(read: Warehouse) -> None:
    with pytest.raises(
        FeatureError, match=r"candidates\.quotas: populr is not a candidate source; there are .*popular"
    ):
        build(read, CandidateConfig(quotas={"populr": 5}))


def test_an_inactive_item_is_never_a_candidate_and_is_counted(desk: Desk, read: Warehouse) -> None:
    (desk.folder / "catalogue.sql").write_text("select 10 as goods_id, false as active")
    features.ingest_goods(read, features.find_source(str(desk.folder / "catalogue.sql"), "goods", None))

    counts = build(read, CandidateConfig())

    assert {goods for (goods,) in desk.lake_rows(read, "candidates", "goods_key")} == {2, 3}
    assert counts.excluded == {"inactive": 2}  # bought before by two; the other sources do not name it


def test_recent_purchases_are_excluded_except_items_of_repeatable_categories(desk: Desk, read: Warehouse) -> None:
    (desk.folder / "catalogue.sql").write_text("select 11 as goods_id, 'milk' as cat_id")
    features.ingest_goods(read, features.find_source(str(desk.folder / "catalogue.sql"), "goods", None))

    counts = build(read, CandidateConfig(exclude_purchased_days=1, repeatable_categories=("milk",)))

    pairs = desk.lake_rows(read, "candidates", "user_key, goods_key")
    assert sorted(pairs) == [(1, 2), (1, 3), (2, 2), (2, 3), (3, 1), (3, 2)]
    assert set(counts.excluded) == {"bought_lately"}


def test_the_days_of_recent_purchases_end_with_the_night(desk: Desk, warehouse: Warehouse) -> None:
    bought = [(10, datetime(2025, 3, 1, 23, 59)), (11, datetime(2025, 3, 2))]
    rows = [(1, goods, 5, "buy", moment) for goods, moment in bought]
    desk.ingest(warehouse, desk.source(rows), "2025-03-01", "2025-03-02")

    build(warehouse, CandidateConfig(exclude_purchased_days=1), date(2025, 3, 2))

    assert desk.lake_rows(warehouse, "candidates", "user_key, goods_key") == [(1, 1)]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("goods_id\n10\n", [(1, 2), (1, 3), (2, 2), (2, 3), (3, 2), (3, 3)]),
        ("goods_id,user_id\n10,1\n11,2\n", [(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2), (3, 3)]),
        ("user_id,goods_id\n4711,10\n,12\n", [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]),
    ],
)
def test_a_block_list_excludes_items_for_all_users_or_for_one(
    desk: Desk, read: Warehouse, text: str, left: list[tuple]
) -> None:
    (desk.store.root / "block.csv").write_text(text)

    counts = build(read, CandidateConfig())

    assert sorted(desk.lake_rows(read, "candidates", "user_key, goods_key")) == left
    assert counts.unknown_blocked == text.count("4711")
    assert set(counts.excluded) == {"blocked"}


def test_a_row_of_a_block_list_with_an_empty_user_is_for_all_users_in_csv_and_parquet(
    desk: Desk, read: Warehouse
) -> None:
    pl.DataFrame({"goods_id": [" 10 "], "user_id": [""]}).write_parquet(desk.store.root / "block.parquet")

    counts = build(read, CandidateConfig())

    assert (set(counts.excluded), counts.unknown_blocked) == ({"blocked"}, 0)


def test_a_changed_quota_is_a_changed_setting_and_no_changed_sql(desk: Desk, read: Warehouse) -> None:
    was, now = (candidates_fingerprint(read, DAY, CandidateConfig(max_per_source=n)).parts for n in (100, 60))

    assert explain_change(was, now, DAY) == "settings changed: candidates"


@pytest.mark.parametrize("relation", ["user_ids", "goods_ids", "days_since", "base_histories", "shown"])
def test_an_own_source_sees_no_user_outside_its_night_and_bucket(desk: Desk, read: Warehouse, relation: str) -> None:
    own_source(desk, f"select user_key, goods_key, 1 as strength from night_touches where exists (from {relation})")

    with pytest.raises(FeatureError, match=f"Table with name {relation} does not exist"):
        build(read, CandidateConfig())


INTEGER_IDS = {
    "as pandas writes them": pl.DataFrame({"goods_id": [10, 11], "user_id": [None, 2.0]}),
    "floats": pl.DataFrame({"goods_id": [10.0, 11.0], "user_id": [float("nan"), 2.0]}),
    "text of floats": pl.DataFrame({"goods_id": ["10.0", "11."], "user_id": [None, "2.00"]}),
    "decimals": pl.DataFrame({"goods_id": ["10", "11"], "user_id": [None, "2"]}).cast(pl.Decimal(10, 2)),
    "wide integers": pl.DataFrame({"goods_id": [10, 11], "user_id": [None, 2]}).cast(pl.Int128),
    "text": pl.DataFrame({"goods_id": ["10", "11"], "user_id": ["", "2"]}),
}


@pytest.mark.parametrize("written", INTEGER_IDS)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_ids_of_a_block_list_are_the_stores_however_they_are_written(
    desk: Desk, read: Warehouse, written: str, kind: str
) -> None:
    frame, path = INTEGER_IDS[written], desk.store.root / f"block.{kind}"
    if kind == "parquet":
        frame.write_parquet(path)
    else:
        frame.fill_nan(None).write_csv(path) if "floats" in written else frame.write_csv(path)

    blocked, unknown = read_block_list(read)

    assert (sorted(blocked.rows(), key=str), unknown) == ([(2, 2), (None, 1)], 0)


WRONG_IDS = {
    "10.5": r"row 2: goods_id is 10.5, and ids are integers in this store \(1 such row\(s\)\)",
    "tea": "row 2: goods_id is tea, ",
    "NaN": "row 2: goods_id is NaN, ",
    "inf": "row 2: goods_id is inf, ",
    "9223372036854775808": "row 2: goods_id is 9223372036854775808, ",
    "9007199254740993.0": "row 2: goods_id is 9007199254740993.0, .*none of 2.53 or more as a float",
}


@pytest.mark.parametrize("wrong", WRONG_IDS)
def test_an_id_of_a_block_list_that_cannot_be_of_the_store_is_named_with_its_row(
    desk: Desk, read: Warehouse, wrong: str
) -> None:
    (desk.store.root / "block.csv").write_text(f"goods_id,user_id\n10,\n{wrong},1\n")

    with pytest.raises(FeatureError, match=rf"block\.csv, {WRONG_IDS[wrong]}"):
        read_block_list(read)


def test_a_wrong_user_of_a_block_list_is_named_too(desk: Desk, read: Warehouse) -> None:
    pl.DataFrame({"goods_id": [10], "user_id": [1.5]}).write_parquet(desk.store.root / "block.parquet")

    with pytest.raises(FeatureError, match=r"block\.parquet, row 1: user_id is 1\.5, "):
        read_block_list(read)


@pytest.mark.parametrize(
    ("ids", "wanted"),
    [
        ([1, 2], ["1", "2"]),
        ([1.0, 2.0], ["1", "2.0"]),
        (["1", "2"], ["1", "2"]),
        (["1.0", "2"], ["1", "2"]),
    ],
)
def test_integers_and_floats_of_a_block_list_name_text_ids(
    desk: Desk, warehouse: Warehouse, ids: list, wanted: list[str]
) -> None:
    rows = [("7", "1", "5", "buy", at(1)), ("7", "2.0", "5", "buy", at(2)), ("7", "2", "5", "buy", at(3))]
    columns = COLUMNS.replace("bigint", "varchar")
    desk.ingest(warehouse, desk.source(rows, columns), str(DAY), str(DAY))
    pl.DataFrame({"goods_id": ids}).write_parquet(desk.store.root / "block.parquet")

    blocked, unknown = read_block_list(warehouse)

    names = dict(warehouse.con.execute("select goods_key, goods_id from entities.goods").fetchall())
    assert (sorted(names[key] for key in blocked["goods_key"]), unknown) == (wanted, 0)


def test_an_own_source_may_join_a_table_with_float_ids(desk: Desk, read: Warehouse) -> None:
    own_source(
        desk,
        "select user_key, goods_key, 1 as strength from read_parquet($folder || '/campaign.parquet') as campaign"
        " inner join night_user_ids using (user_id) inner join night_goods_ids using (goods_id)",
    )
    given = pl.DataFrame({"goods_id": ["12.0", "10"], "user_id": [1.0, None]})
    given.write_parquet(desk.store.candidates / "campaign.parquet")

    assert build(read, CandidateConfig()).by_source["own"] == 1


def test_a_block_list_with_other_columns_is_named_with_its_line(desk: Desk, read: Warehouse) -> None:
    (desk.store.root / "block.csv").write_text("goods,reason\n10,recall\n")

    with pytest.raises(
        FeatureError, match=r"block\.csv, line 1: the columns are goods, reason; a block list has goods_id"
    ):
        build(read, CandidateConfig())


def test_a_block_list_with_a_broken_line_is_named_with_that_line(desk: Desk, read: Warehouse) -> None:
    (desk.store.root / "block.csv").write_text("goods_id,user_id\n10,1\n11,2,3\n")

    with pytest.raises(FeatureError, match=r"block\.csv, line 3: 3 fields, and line 1 names 2"):
        build(read, CandidateConfig())


def test_a_user_without_items_gets_popular_ones_from_for_new_users(desk: Desk, warehouse: Warehouse) -> None:
    visitor = (4, None, 6, "visit", at(5))
    desk.ingest(warehouse, desk.source([*ROWS, visitor]), str(DAY), str(DAY))
    columns = "user_id bigint, goods_id bigint, shop_id bigint, event_ts timestamp, label boolean"
    shown = [(5, 10, 5, at(6), False), (6, 10, 5, datetime(2025, 3, 2), False)]
    source = replace(desk.source(shown, columns, name="shown"), kind="impressions")
    features.ingest_impressions(warehouse, source, DAY, date(2025, 3, 2), desk.ingestion)

    rows = propose(desk, warehouse, CandidateConfig(quotas={"new_in_shop": 0}))

    assert [row for row in rows if row[0] > 3] == [
        (4, 1, 1, ["for_new_users"]),
        (4, 2, 1, ["for_new_users"]),
        (4, 3, 2, ["for_new_users", "same_shop"]),  # the visitor was in its shop
        (5, 1, 1, ["for_new_users"]),
        (5, 2, 1, ["for_new_users"]),
        (5, 3, 2, ["for_new_users"]),
    ]  # user 6 was shown something at midnight, which is of the next day


def test_an_item_that_moved_is_ranked_in_the_shop_of_its_last_event(desk: Desk, warehouse: Warehouse) -> None:
    desk.ingest(warehouse, desk.source([*ROWS, (3, 10, 6, "buy", at(9))]), str(DAY), str(DAY))

    assert {row[2] for row in propose(desk, warehouse, CandidateConfig()) if row[1] == 1} == {2}


def test_a_night_without_candidates_is_an_error_and_not_an_empty_ranking(desk: Desk, read: Warehouse) -> None:
    (desk.store.root / "block.csv").write_text("goods_id\n10\n11\n12\n")

    with pytest.raises(
        FeatureError, match=r"no candidates for anybody on 2025-03-01: .*popular.*excluded: \d+ blocked"
    ):
        build(read, CandidateConfig())


def test_a_file_in_the_store_is_a_source_and_replaces_the_built_in_one_of_its_name(desk: Desk, read: Warehouse) -> None:
    own_source(desk, "select user_key, 2 as goods_key, 1 as strength from night_users", "popular")

    rows = propose(desk, read, CandidateConfig(quotas={"bought_before": 0, "same_shop": 0, "new_in_shop": 0}))

    assert rows == [(user, 2, 1, ["popular"]) for user in (1, 2, 3)]


def test_the_example_of_the_docs_reads_a_table_with_ids_of_the_source(desk: Desk, read: Warehouse) -> None:
    document = (Path(__file__).parents[3] / "docs" / "candidates.md").read_text()
    [query] = re.findall(r"```sql\n(.*?)```", document, re.DOTALL)
    own_source(desk, query, "campaign")
    (desk.store.candidates / "campaign.csv").write_text(
        "ds,user_id,goods_id,strength\n2025-03-01,1,12,2\n2025-03-01,1,11,1\n2025-03-02,2,11,9\n2025-03-01,3,99,1\n"
    )

    rows = propose(desk, read, CandidateConfig(quotas={"campaign": 1}))

    assert [row[:2] for row in rows if "campaign" in row[3]] == [(1, 3)]


OTHERS = "select user_key, 1 as goods_key, 1 as strength from night_users"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select user_key from night_users", r"gives the columns user_key; goods_key is missing; strength is missing"),
        (OTHERS.replace(" from", ", 2 as extra from"), r"extra is too many"),
        (OTHERS.replace("1 as goods_key", "'1' as goods_key"), r"goods_key is VARCHAR, expected an INTEGER"),
        (
            OTHERS.replace("1 as strength", "ds as strength") + "\ncross join night",
            r"strength is DATE, expected a number",
        ),
        (
            "-- One row.\nselect user_key,\n  nothing\nfrom night_users",
            r", line 3: does not run: .*\"nothing\" not found",
        ),
        ("select user_key frm night_users where", r", line 1: does not run: Parser Error: syntax error"),
        ("select error('no') as user_key, 1 as goods_key, 1 as strength", r"does not run|user_key is"),
        (OTHERS + "; " + OTHERS, r"a candidate source is one select"),
        ("drop table night", r"a candidate source is one select"),
        (
            OTHERS + " where $nobody",
            r"\$nobody is not a parameter of a candidate source; there are \$quota and \$folder",
        ),
        ("from histories", r"line 1: does not run: .*histories does not exist"),
        ("from entities.users", r"line 1: does not run: .*users.* does not exist"),
        (
            "from read_parquet('/etc/passwd')",
            r"does not run: Permission Error.*the files that a source reads are in .*candidates",
        ),
    ],
)
def test_a_source_that_cannot_be_used_is_named_with_its_mistake(
    desk: Desk, read: Warehouse, query: str, said: str
) -> None:
    path = own_source(desk, query)

    with pytest.raises(FeatureError, match=f"{path}.*{said}"):
        build(read, CandidateConfig())


def test_a_source_cannot_read_the_events_after_the_night(desk: Desk, warehouse: Warehouse) -> None:
    later = (1, 13, 5, "buy", datetime(2025, 3, 2, 1))
    desk.ingest(warehouse, desk.source([*ROWS, later]), str(DAY), "2025-03-02")
    [after] = warehouse.files("events.%", date(2025, 3, 2), date(2025, 3, 2))
    own_source(desk, f"select user_key, goods_key, 1 as strength from read_parquet('{desk.store.lake / after.path}')")

    with pytest.raises(FeatureError, match="Permission Error"):
        build(warehouse, CandidateConfig())


def test_a_name_that_cannot_be_a_source_is_an_error(desk: Desk, read: Warehouse) -> None:
    own_source(desk, OTHERS, "Best Sellers")

    with pytest.raises(FeatureError, match=r"Best Sellers\.sql: name the file with small letters, digits and _ alone"):
        build(read, CandidateConfig())


def test_rows_that_cannot_be_candidates_are_excluded_and_counted(desk: Desk, read: Warehouse) -> None:
    own_source(
        desk,
        "select user_key, goods_key, strength from night_users cross join (values (1, null), (2, 'nan'::double),"
        " (2, 'inf'), (3, 1), (99, 1), (3000000000, 1), (null, 1)) as given (goods_key, strength)"
        " union all select 99 as user_key, 1 as goods_key, 1 as strength",
    )

    counts = build(read, CandidateConfig())

    assert counts.by_source["own"] == 3  # goods 3, for each user
    assert counts.excluded == {"unknown": 8, "without_strength": 6}  # user 99 in each bucket; 3000000000 is a NULL


def test_of_a_pair_that_a_source_gives_twice_the_strongest_counts(desk: Desk, read: Warehouse) -> None:
    own_source(
        desk,
        "select user_key, goods_key, strength from night_users"
        " cross join (values (1, 1), (2, 2), (1, 3), (1, 'nan'::double)) as given (goods_key, strength)",
    )

    build(read, CandidateConfig(quotas={"own": 1}))

    owned = [row for row in desk.lake_rows(read, "candidates", "goods_key, sources") if "own" in row[1]]
    assert {goods for goods, _ in owned} == {1}


def test_a_changed_own_source_table_or_block_list_changes_the_fingerprint(desk: Desk, read: Warehouse) -> None:
    def change(path: Path, text: str) -> str:
        was = candidates_fingerprint(read, DAY, CandidateConfig())
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return explain_change(was.parts, candidates_fingerprint(read, DAY, CandidateConfig()).parts, DAY)

    folder = desk.store.candidates
    assert change(folder / "own.sql", OTHERS) == "settings changed: candidates; SQL changed"
    assert change(folder / "own.sql", f"-- {OTHERS}\n{OTHERS}") == "SQL changed"
    assert change(folder / "mine.csv", "a\n1\n") == "files in the store's candidates/ changed"
    assert change(folder / "mine.csv", "a\n22\n") == "files in the store's candidates/ changed"
    assert change(folder / ".hidden.csv", "a\n1\n") == "files in the store's candidates/ changed"
    assert change(desk.store.root / "block.csv", "goods_id\n10\n") == "block list changed"


def test_candidates_are_the_same_bytes_on_one_thread_and_on_two(desk_with: Callable[..., Desk]) -> None:
    def bytes_of(threads: int) -> list[str]:
        desk = desk_with(threads=threads)
        desk = replace(desk, folder=desk.folder / str(threads))
        desk.folder.mkdir()
        with desk.open() as warehouse:
            desk.ingest(warehouse, desk.source(crowd()), "2025-03-01", "2025-03-12")
            build(warehouse, CandidateConfig(pair_min_users=1, max_per_user=20), date(2025, 3, 12))
            assets = ("night_goods", "night_pairs", "candidates")
            return [file.sha256 for name in assets for file in warehouse.files(name, DAY, date(2025, 3, 12))]

    assert bytes_of(1) == bytes_of(2)


def crowd(users: int = 30, days: int = 12) -> list[tuple]:
    """Return users who view, buy and buy again, each with own items and some shared ones."""
    return [
        (user, (user * 7 + day * step) % 20, (user + day) % 9, kind, datetime(2025, 3, day, step))
        for user in range(1, users + 1)
        for day in range(1, days + 1)
        for step, kind in ((3, "view"), (4, "buy"), (9, "view"))
        if (user + day + step) % 3
    ]


def test_what_a_source_gives_a_user_does_not_depend_on_who_is_in_the_bucket(desk_with: Callable[..., Desk]) -> None:
    last = date(2025, 3, 12)

    def rows(buckets: int) -> list[tuple]:
        desk = replace(desk_with(), config=StoreConfig(threads=2, buckets=buckets))
        desk = replace(desk, folder=desk.folder / str(buckets))
        desk.folder.mkdir()
        with desk.open() as warehouse:
            desk.ingest(warehouse, desk.source(crowd()), "2025-03-01", str(last))
            counts = build(warehouse, CandidateConfig(pair_min_users=1, max_per_source=15, max_per_user=500), last)
            assert {name for name, brought in counts.by_source.items() if not brought} == {
                "for_new_users",
                "same_category",
            }
            return sorted(desk.lake_rows(warehouse, "candidates", "*"))

    assert rows(1) == rows(7)


def test_a_bot_adds_no_more_pairs_than_other_users(desk: Desk, warehouse: Warehouse) -> None:
    bot = [(1, goods, 1, "buy", datetime(2025, 3, 1, goods % 24, goods // 24 % 60)) for goods in range(1000)]
    other = [(2, goods, 1, "buy", at(1)) for goods in range(990, 1000)]
    desk.ingest(warehouse, desk.source([*bot, *other], COLUMNS), str(DAY), str(DAY))
    features.build_histories(warehouse, DAY)

    pairs = features.build_night_pairs(warehouse, DAY, CandidateConfig(pair_goods=4, pair_min_users=1))

    assert pairs <= 2 * 4 * 3


def test_what_happens_after_a_night_changes_nothing_in_it(desk_with: Callable[..., Desk]) -> None:
    night = date(2025, 3, 9)
    later = [(user, 700 + user, 70, "order", datetime(2025, 3, 10, user % 24)) for user in range(1, 99)]
    known = ", known_at timestamp"
    shown = "user_id bigint, goods_id bigint, shop_id bigint, event_ts timestamp, label boolean"

    def bytes_of(name: str, rows: list[tuple], last: str) -> list[str]:
        desk = replace(desk_with(), folder=desk_with().folder / name)
        desk.folder.mkdir()
        with desk.open() as warehouse:
            desk.ingest(warehouse, desk.source(rows, COLUMNS + known), "2025-03-01", last)
            source = replace(
                desk.source([(3, 1, 1, datetime(2025, 3, 10), False)], shown, name="shown"), kind="impressions"
            )
            features.ingest_impressions(warehouse, source, DAY, date.fromisoformat(last), desk.ingestion)
            counts = build(warehouse, CandidateConfig(pair_min_users=1, max_per_source=15, max_per_user=500), night)
            assert {source for source, rows in counts.by_source.items() if not rows} == {
                "for_new_users",
                "same_category",
            }
            return [
                file.sha256
                for name in ("night_goods", "night_pairs", "candidates")
                for file in warehouse.files(name, night, night)
            ]

    def with_known(rows: list[tuple], late: bool) -> list[tuple]:
        return [(*row, datetime(2025, 3, 11) if late else row[4]) for row in rows]

    seen = with_known([row for row in crowd() if row[4] < datetime(2025, 3, 10)], late=False)
    known_later = with_known([(user, 900, 90, "buy", datetime(2025, 3, 5)) for user in range(1, 9)], late=True)

    assert bytes_of("without", seen, "2025-03-09") == bytes_of(
        "with", [*seen, *with_known(later, late=False), *known_later], "2025-03-12"
    )
