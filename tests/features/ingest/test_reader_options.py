"""Options of readers in a source query: columns by position, and lines that are skipped."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from features import Warehouse
from features.ingest.readers.reader_calls import reader_calls
from tests.conftest import Desk, Said
from tests.features.ingest.reading_sources import (
    DAYS,
    HEADER,
    NAMES,
    ROOT,
    ROWS,
    TYPES,
    ingest_kind,
    kept,
    refusal,
    source,
)

NightRank = Callable[..., Said]


def other_order(folder: Path) -> Path:
    """A CSV whose header names the same columns in another order."""
    path = folder / "clicks.csv"
    lines = [f"{goods},{shop},{kind},{moment},{user}" for user, goods, shop, kind, moment in ROWS]
    path.write_text("\n".join(["goods_id,shop_id,event_type,event_ts,user_id", *lines, ""]))
    return path


def users_and_items(warehouse: Warehouse) -> tuple[list[int], list[int]]:
    """The ids that the store has of users and of items."""
    users = warehouse.con.execute("select user_id from entities.users order by user_id").fetchall()
    items = warehouse.con.execute("select goods_id from entities.goods order by goods_id").fetchall()
    return [user for (user,) in users], [item for (item,) in items]


def test_the_documented_query_reads_a_csv_whose_header_has_another_order(desk: Desk, warehouse: Warehouse) -> None:
    text = (ROOT / "docs" / "sources.md").read_text()
    [query] = [block for block in re.findall(r"```sql\n(.*?)```", text, re.DOTALL) if "read_csv" in block]

    assert kept(desk, warehouse, query, other_order(desk.folder)) == 3
    assert users_and_items(warehouse) == ([1, 2, 3], [11, 12, 13])


def test_columns_of_read_csv_are_refused_where_the_header_names_them_otherwise(
    desk: Desk, warehouse: Warehouse
) -> None:
    path, query = other_order(desk.folder), f"select * from read_csv($path, columns = {TYPES})"

    assert refusal(desk, warehouse, query, path) == (
        f"source clicks: read_csv with `columns` names columns by position, and column 1 of {path} is goods_id, not "
        "user_id: write `types` in place of `columns`, which goes by name"
    )
    assert kept(desk, warehouse, query.replace("columns", "types"), path) == 3
    assert users_and_items(warehouse) == ([1, 2, 3], [11, 12, 13])


@pytest.mark.parametrize("header", ["header = true", "auto_detect = false, header = true, delim = ','", "delim = ','"])
def test_a_later_file_with_another_order_is_found_too(desk: Desk, warehouse: Warehouse, header: str) -> None:
    desk.folder.joinpath("b.csv").write_text(other_order(desk.folder).read_text())
    desk.folder.joinpath("clicks.csv").unlink()
    desk.folder.joinpath("a.csv").write_text("user_id,goods_id,shop_id,event_type,event_ts\n1,11,7,buy,2025-03-01\n")

    query = f"select * from read_csv($path || '/*.csv', columns = {TYPES}, {header})"

    assert f"column 1 of {desk.folder / 'b.csv'} is goods_id, not user_id" in refusal(
        desk, warehouse, query, desk.folder
    )


@pytest.mark.parametrize("option", ["names", "column_names"])
def test_names_of_read_csv_are_refused_where_the_header_gives_them_to_others(
    desk: Desk, warehouse: Warehouse, option: str
) -> None:
    query = f"select * from read_csv($path, header = true, {option} = {list(NAMES)})"

    said = refusal(desk, warehouse, query, other_order(desk.folder))

    assert said.endswith(f"is goods_id, not user_id: leave `{option}` out, and DuckDB takes the names from the header")


@pytest.mark.parametrize("first", ["", "user_id,goods_id,shop_id,event_type,event_ts\n", "u,g,s,t,at\n"])
def test_columns_of_read_csv_are_read_by_position_where_no_header_contradicts(
    desk: Desk, warehouse: Warehouse, first: str
) -> None:
    path = desk.folder / "clicks.csv"
    path.write_text(first + "".join(f"{u},{g},{s},{kind},{moment}\n" for u, g, s, kind, moment in ROWS))

    assert kept(desk, warehouse, f"select * from read_csv($path, columns = {TYPES})", path) == 3
    assert users_and_items(warehouse) == ([1, 2, 3], [11, 12, 13])


def test_columns_of_read_json_go_by_name(desk: Desk, warehouse: Warehouse) -> None:
    path = desk.folder / "clicks.json"
    names = ("goods_id", "shop_id", "event_type", "event_ts", "user_id")
    path.write_text(
        "\n".join(json.dumps(dict(zip(names, (g, s, kind, str(at), u), strict=True))) for u, g, s, kind, at in ROWS)
    )

    assert kept(desk, warehouse, f"select * from read_json($path, columns = {TYPES})", path) == 3
    assert users_and_items(warehouse) == ([1, 2, 3], [11, 12, 13])


SKIPPED = (
    HEADER
    + "1,11,7,buy,2025-03-01 10:00:00\nx,y,7,buy,2025-03-01 11:00:00\n2,12\n"
    + "2,12,7,buy,2025-03-02 10:00:00,more\n3,13,7,buy,2025-03-03 10:00:00\n"
)
SKIPPING = [
    f"read_csv($path, types = {TYPES}, ignore_errors = true)",
    f"read_csv_auto($path, ignore_errors := 'true', types = {TYPES} -- the last\n)",
    f"read_csv([$path, $path], types = {TYPES}, store_rejects => true, /* and more */ header = true)",
]


@pytest.mark.parametrize("reader", SKIPPING)
def test_lines_that_the_reader_skips_are_counted_once_however_often_they_are_read(
    desk: Desk, warehouse: Warehouse, reader: str
) -> None:
    path = desk.folder / "clicks.csv"
    path.write_text(SKIPPED)
    clicks = source(desk.folder, f"select distinct * from {reader}", path)

    counts = [desk.ingest(warehouse, clicks, *DAYS) for _ in range(2)]

    assert [(read.rows_in, read.rows, read.rows_skipped, read.unchanged) for read in counts] == [
        (2, 2, 3, 0),
        (2, 2, 3, 2),
    ]
    assert counts[0].warnings == [
        f'the reader skipped 3 line(s), such as {path} line 3: Error when converting column "user_id". Could not '
        "convert string \"x\" to 'BIGINT'"
    ]
    assert warehouse.con.execute("select asset, rows from ops.skipped_rows").fetchall() == [("events.clicks", 3)]


def test_lines_skipped_in_many_portions_are_counted_once(
    desk: Desk, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("features.ingest.ingest_events.ROWS_PER_BATCH", 1)
    path = desk.folder / "clicks.csv"
    path.write_text(SKIPPED)

    read = desk.ingest(warehouse, source(desk.folder, f"select * from {SKIPPING[0]}", path), *DAYS)

    assert (read.days, read.rows, read.rows_skipped) == (2, 2, 3)


def test_a_source_that_skips_nothing_more_has_no_count_of_another(desk: Desk, warehouse: Warehouse) -> None:
    path, other = desk.folder / "clicks.csv", desk.source(ROWS, name="bought")
    path.write_text(SKIPPED)
    clicks = source(desk.folder, f"select * from {SKIPPING[0]}", path)

    counts = [desk.ingest(warehouse, one, *DAYS).rows_skipped for one in (clicks, other)]
    path.write_text(HEADER + "1,11,7,buy,2025-03-01 10:00:00\n3,13,7,buy,2025-03-03 10:00:00\n")
    counts.append(desk.ingest(warehouse, clicks, *DAYS).rows_skipped)

    assert counts == [3, 0, 0]
    assert warehouse.con.execute("from ops.skipped_rows").fetchall() == []


def test_first_lines_that_duckdb_skips_by_its_own_guess_are_warned_of_until_the_query_says_so(
    desk: Desk, warehouse: Warehouse
) -> None:
    path = desk.folder / "clicks.csv"
    path.write_text("clicks of March\n" + HEADER + "1,11,7,buy,2025-03-01 10:00:00\n")

    [said] = desk.ingest(warehouse, source(desk.folder, "select * from read_csv($path)", path), *DAYS).warnings
    [printed] = re.findall(r"`(skip = .*?)`", said)
    read = desk.ingest(warehouse, source(desk.folder, f"select * from read_csv($path, {printed})", path), *DAYS)

    assert said.startswith(f"read_csv takes the first 1 line(s) of {path} for no rows, and skips them uncounted")
    assert (read.rows, read.warnings) == (1, [])


@pytest.mark.parametrize("kind", ["goods", "impressions"])
def test_lines_that_catalogues_and_impressions_skip_are_counted(desk: Desk, warehouse: Warehouse, kind: str) -> None:
    desk.ingest(warehouse, desk.source(ROWS, name="bought"), *DAYS)
    path = desk.folder / "clicks.csv"
    path.write_text(SKIPPED)
    query = f"select *, event_type = 'buy' as label from read_csv($path, types = {TYPES}, ignore_errors = true)"
    given = source(desk.folder, query, path, kind)

    read = ingest_kind(warehouse, given)

    assert (read.rows, read.rows_skipped) == (2, 3)
    assert warehouse.con.execute("select asset, rows from ops.skipped_rows").fetchall() == [(f"{kind}.clicks", 3)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("ignore_errors = true, union_by_name = true", "DuckDB cannot count the rows that it skips; leave"),
        ("ignore_errors = true, rejects_limit = 1", "leave `rejects_limit` out"),
        ("store_rejects = true, rejects_table = 'mine'", "leave `rejects_table` out"),
        ("ignore_errors = true, store_rejects = false", "leave `store_rejects` out"),
    ],
)
def test_options_that_hide_skipped_lines_are_refused(desk: Desk, warehouse: Warehouse, options: str, said: str) -> None:
    path = desk.folder / "clicks.csv"
    path.write_text(SKIPPED)

    assert said in refusal(desk, warehouse, f"select * from read_csv($path, types = {TYPES}, {options})", path)


def test_a_json_reader_that_ignores_errors_is_warned_of(desk: Desk, warehouse: Warehouse) -> None:
    path = desk.folder / "clicks.json"
    lines = [
        json.dumps({"user_id": u, "goods_id": g, "shop_id": 7, "event_type": "buy", "event_ts": str(at)})
        for u, g, _, _, at in ROWS
    ]
    path.write_text("\n".join([*lines, '{"user_id": 4']))
    query = f"select * from read_json($path, columns = {TYPES}, ignore_errors = true)"

    read = desk.ingest(warehouse, source(desk.folder, query, path), *DAYS)

    assert (read.rows_in, read.rows, read.quarantined, read.rows_skipped) == (4, 3, 1, 0)
    assert read.warnings == [
        "read_json with `ignore_errors` gives NULL for each value that it cannot read, and only rows that are refused "
        "for that are counted; leave `ignore_errors` out, and the first such value is named"
    ]


def test_ingest_and_status_say_how_many_lines_were_skipped(desk: Desk, nightrank: NightRank) -> None:
    path, store = desk.folder / "clicks.csv", desk.folder / "store"
    path.write_text(SKIPPED)
    (desk.folder / "clicks.sql").write_text(f"select * from {SKIPPING[0]}")

    said = nightrank("ingest", desk.folder / "clicks.sql", "--path", path, "--store", store)
    as_json = json.loads(nightrank("ingest", "clicks", "--full", "--store", store, "--json").out)
    shown = json.loads(nightrank("status", "--store", store, "--json").out)

    assert said.out == "clicks: 2 rows in, 2 kept, 0 duplicates, 0 quarantined, 3 skipped by the reader, 2 days\n"
    assert "nightrank: warning: source clicks: the reader skipped 3 line(s), such as " in said.err
    assert [read["rows_skipped"] for read in as_json] == [3]
    assert [(one["source"], one["kind"], one["rows"]) for one in shown["parts"]["skipped"]] == [("clicks", "events", 3)]


def test_calls_of_readers_are_found_wherever_they_stand() -> None:
    query = """
    -- read_csv('no.csv')
    with é as (select *, 'read_csv(''no.csv'')' as "read_csv(" from main.READ_CSV ($path || '/é,(*.csv',
        "header" := true))
    select count(*), 'no.csv', [1, 2], {'a': (1)}
    from é, read_parquet(['a.parquet', 'b''.parquet'], union_by_name => true)
    left join 'c''.json' as c using (d), 'e.csv' as e where e in (select f from "g""/*.parquet")
    """

    found = [(call.function, call.files.strip(), call.options) for call in reader_calls(query)]

    assert found == [
        ("read_csv", "$path || '/é,(*.csv'", {"header": "true"}),
        ("read_parquet", "['a.parquet', 'b''.parquet']", {"union_by_name": "true"}),
        ("", "'c''.json'", {}),
        ("", "'e.csv'", {}),
        ("", "'g\"/*.parquet'", {}),
    ]
    assert duckdb.extract_statements(query)[0].named_parameters == {"path"}
