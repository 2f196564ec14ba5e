"""Files of a source: tables of other programs, columns in another order, other encodings, skipped lines."""

import gzip
import json
import re
import subprocess
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

import features
from features import FeatureError, Warehouse
from features.reader_calls import reader_calls
from tests.conftest import Desk, Said, write_events

ROOT = Path(__file__).parent.parent.parent
NightRank = Callable[..., Said]
ROWS = [(user, 10 + user, 7, "buy", datetime(2025, 3, user, 10)) for user in (1, 2, 3)]
DAYS = ("2025-03-01", "2025-03-03")
NAMES = ("user_id", "goods_id", "shop_id", "event_type", "event_ts")
TYPES = str(dict(zip(NAMES, ("BIGINT", "BIGINT", "BIGINT", "VARCHAR", "TIMESTAMP"), strict=True)))
ALL = "select * from read_parquet($path || '/**/*.parquet')"


def source(folder: Path, query: str, path: Path | str | None, kind: str = "events") -> features.Source:
    (folder / "clicks.sql").write_text(query)
    return features.find_source(str(folder / "clicks.sql"), kind, str(path) if path else None)


def refusal(desk: Desk, warehouse: Warehouse, query: str, path: Path | str | None) -> str:
    """What an ingestion says that reads nothing."""
    with pytest.raises(FeatureError) as refused:
        desk.ingest(warehouse, source(desk.folder, query, path), *DAYS)
    return str(refused.value)


def kept(desk: Desk, warehouse: Warehouse, query: str, path: Path | str | None) -> int:
    return desk.ingest(warehouse, source(desk.folder, query, path), *DAYS).rows


def ingest_kind(warehouse: Warehouse, given: features.Source) -> features.Ingested:
    """Reads a source of goods or of impressions."""
    if given.kind == "goods":
        return features.ingest_goods(warehouse, given)
    return features.ingest_impressions(warehouse, given, date(2025, 3, 1), date(2025, 3, 3), features.IngestConfig())


def folder_of_parquet(folder: Path, *names: str) -> Path:
    """A folder whose files have these names, each with the same three events."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_events(folder / name, ROWS)
    return folder


def touched(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


HOLDS = "and its files also hold rows that were deleted or replaced"
MARKERS = {
    "_delta_log/00000000000000000000.json": f"a Delta table (_delta_log), {HOLDS}",
    "metadata/v1.metadata.json": f"an Iceberg table (metadata), {HOLDS}",
    "metadata/version-hint.text": f"an Iceberg table (metadata), {HOLDS}",
    "metadata/snap-1.avro": f"an Iceberg table (metadata), {HOLDS}",
    ".hoodie/hoodie.properties": f"a Hudi table (.hoodie), {HOLDS}",
}


@pytest.mark.parametrize("marker", MARKERS)
def test_a_table_of_another_program_is_refused_however_its_files_are_named(
    desk: Desk, warehouse: Warehouse, marker: str
) -> None:
    table = folder_of_parquet(desk.folder / "table", "a.parquet", "day=2025-03-01/b.parquet")
    touched(table / marker)
    (desk.folder / "link").symlink_to(table)
    (desk.folder / "link.parquet").symlink_to(table / "a.parquet")
    elsewhere = folder_of_parquet(desk.folder / "plain", "a.parquet")
    asked = [
        (ALL, table),
        (ALL, desk.folder / "link"),
        ("select * from read_parquet($path)", table),
        ("select * from read_parquet($path)", table / "a.parquet"),
        ("select * from read_parquet($path)", desk.folder / "link.parquet"),
        ("select * from read_parquet($path)", table / "day=*" / "*.parquet"),
        (f"select * from read_parquet(['{elsewhere}/a.parquet', '{table}/day=2025-03-01/b.parquet'])", None),
        (f"select * from '{table}/a.parquet'", None),
        (f"select * from read_parquet('file://{table}')", None),
        (f'with clicks as (from "{table}/*.parquet") select * from clicks', None),
        (f"select * from '{elsewhere}/*.parquet' union all select * from parquet_scan('{table}/a.parquet')", None),
    ]

    for query, path in asked:
        named = path if path and path.name == "link" else table
        assert refusal(desk, warehouse, query, path).startswith(f"source clicks: {named} is {MARKERS[marker]}"), query
    assert warehouse.run("ledger/sources", kind="events") == []


def test_a_table_of_delta_or_iceberg_names_the_reader_and_its_extension(desk: Desk, warehouse: Warehouse) -> None:
    delta, iceberg = (folder_of_parquet(desk.folder / name, "data/a.parquet") for name in ("a delta", "iceberg"))
    touched(delta / "_delta_log" / "00000000000000000000.json")
    touched(iceberg / "metadata" / "version-hint.text")

    of_delta, of_iceberg = (refusal(desk, warehouse, ALL, table) for table in (delta, iceberg))

    assert f"read `delta_scan('{delta.as_uri()}')`, which needs DuckDB's extension" in of_delta
    assert "duckdb -c 'install delta'" in of_delta
    assert f"read `iceberg_scan('{iceberg}')`, which needs DuckDB's extension" in of_iceberg
    assert "duckdb -c 'install iceberg'" in of_iceberg
    [reader] = re.findall(r"`(delta_scan\(.*?\))`", of_delta)  # goes past this check, and to DuckDB
    assert "install delta" in refusal(desk, warehouse, f"select * from {reader}", None)


def test_files_next_to_a_table_and_folders_with_such_names_alone_are_read(
    desk: Desk, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of_parquet(desk.folder / "clicks", "a.parquet")
    touched(folder / "metadata" / "readme.json")
    touched(desk.folder / "table" / "_delta_log" / "00000000000000000000.json")
    monkeypatch.chdir(desk.folder)

    assert kept(desk, warehouse, f'with "table" as ({ALL}) select * from "table"', folder) == 3


def test_files_of_a_spark_job_are_refused_and_the_printed_patterns_leave_them_out(
    desk: Desk, warehouse: Warehouse
) -> None:
    flat = folder_of_parquet(desk.folder / "flat", "part-0.parquet", "_temporary/0/task/part-1.parquet")
    days = folder_of_parquet(
        desk.folder / "days", "day=2025-03-01/part-0.parquet", "_temporary/0/task/day=2025-03-01/part-1.parquet"
    )
    for folder, at in ((flat, 0), (days, 1)):
        said = refusal(desk, warehouse, ALL, folder)
        assert said.startswith(f"source clicks: {folder} has files of a Spark job that still writes, or that failed")
        printed = re.findall(r"'([^']+\.parquet)'", said)[at]
        assert kept(desk, warehouse, "select * from read_parquet($path)", printed) == 3


def test_the_documented_patterns_for_folders_read_no_file_of_a_spark_job(desk: Desk, warehouse: Warehouse) -> None:
    folder = folder_of_parquet(desk.folder / "c", "a.parquet", "_temporary/0/b.parquet", "day=2025-03-01/c.parquet")
    readers = re.findall(r"`(read_parquet\(\$path \|\| .*?\))`", (ROOT / "docs" / "sources.md").read_text())

    assert [kept(desk, warehouse, f"select * from {reader}", folder) for reader in readers] == [3, 3]


def test_a_table_in_an_object_store_is_known_by_its_pattern(desk: Desk, warehouse: Warehouse) -> None:
    said = refusal(desk, warehouse, "select * from read_parquet($path)", "s3://shop/clicks/_delta_log/*.parquet")

    assert said.startswith("source clicks: s3://shop/clicks is a Delta table (_delta_log)")


@pytest.mark.parametrize("kind", ["goods", "impressions"])
def test_catalogues_and_impressions_are_refused_in_the_same_way(desk: Desk, warehouse: Warehouse, kind: str) -> None:
    desk.ingest(warehouse, desk.source(ROWS), *DAYS)
    table = folder_of_parquet(desk.folder / "table", "a.parquet")
    touched(table / "_delta_log" / "00000000000000000000.json")
    shown = source(desk.folder, ALL, table, kind)

    with pytest.raises(FeatureError, match="is a Delta table"):
        ingest_kind(warehouse, shown)


def test_a_night_refuses_a_known_source_whose_folder_became_a_table(desk: Desk, nightrank: NightRank) -> None:
    folder, store = folder_of_parquet(desk.folder / "clicks", "a.parquet"), desk.folder / "store"
    (desk.folder / "clicks.sql").write_text(ALL)
    read = nightrank("ingest", desk.folder / "clicks.sql", "--path", folder, "--store", store)
    touched(folder / "_delta_log" / "00000000000000000000.json")

    night = nightrank("nightly", "--plain", "--store", store)

    assert (read.code, night.code) == (0, 1)
    assert f"source clicks: {folder} is a Delta table (_delta_log), {HOLDS}" in night.err


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


def test_names_of_read_csv_are_refused_where_the_header_gives_them_to_others(desk: Desk, warehouse: Warehouse) -> None:
    query = f"select * from read_csv($path, header = true, names = {list(NAMES)})"

    said = refusal(desk, warehouse, query, other_order(desk.folder))

    assert said.endswith("is goods_id, not user_id: leave `names` out, and DuckDB takes the names from the header")


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


HEADER = "user_id,goods_id,shop_id,event_type,event_ts\n"
CAFE = HEADER + "1,eleven,7,buy,2025-03-01 10:00:00\n2,café,7,buy,2025-03-02 10:00:00\n"
PRICE = CAFE.replace("café", "café €")


@pytest.mark.parametrize(
    ("text", "encoding", "line", "name", "option"),
    [
        (CAFE, "latin-1", 3, "ISO-8859-1", "latin-1"),
        (CAFE, "cp1252", 3, "ISO-8859-1", "latin-1"),
        (PRICE, "cp1252", 3, "WINDOWS-1252", None),
        (PRICE, "utf-16", 1, "UTF-16LE", "utf-16"),
        (PRICE, "utf-16-le", 1, "UTF-16LE", "utf-16"),
        (PRICE, "utf-16-be", 1, "UTF-16BE", None),
    ],
)
def test_a_csv_that_is_not_utf8_says_where_and_what_to_type_and_that_works(
    desk: Desk, warehouse: Warehouse, text: str, encoding: str, line: int, name: str, option: str | None
) -> None:
    path = desk.folder / "clicks.csv"
    path.write_bytes(text.encode(encoding))

    said = refusal(desk, warehouse, "select * from read_csv($path)", path)

    assert said.startswith(f"source clicks: {path} is not UTF-8 (line {line}) but seems to be {name}")
    if option:
        [printed] = re.findall(r"add `(.*)` to read_csv$", said)
        assert printed == f"encoding = '{option}'"
        assert kept(desk, warehouse, f"select * from read_csv($path, {printed})", path) == 2
    else:
        subprocess.run(["bash", "-c", said.rpartition(": ")[2]], check=True)
        assert kept(desk, warehouse, "select * from read_csv($path)", desk.folder / "clicks-utf8.csv") == 2
    [(goods,)] = warehouse.con.execute("select goods_id from entities.goods where goods_id <> 'eleven'").fetchall()
    assert goods == ("café €" if "€" in text else "café")


def test_a_json_that_is_not_utf8_says_how_to_convert_it(desk: Desk, warehouse: Warehouse) -> None:
    path = desk.folder / "clicks.json"
    path.write_bytes('{"user_id": 1}\n{"user_id": 2, "goods_id": "café"}\n'.encode("latin-1"))

    said = refusal(desk, warehouse, "select * from read_json($path)", path)

    assert said.startswith(f"source clicks: {path} is not UTF-8 (line 2) but seems to be ISO-8859-1, which DuckDB")
    assert said.endswith(f": iconv -f ISO-8859-1 -t UTF-8 {path} > {desk.folder / 'clicks-utf8.json'}")


def test_a_compressed_csv_that_is_not_utf8_names_the_options(desk: Desk, warehouse: Warehouse) -> None:
    path = desk.folder / "clicks.csv.gz"
    path.write_bytes(gzip.compress(CAFE.encode("latin-1")))

    said = refusal(desk, warehouse, "select * from read_csv($path)", path)

    assert said.startswith("source clicks: a file is not UTF-8, or not in the encoding that the query names: add ")
    assert kept(desk, warehouse, f"select * from read_csv($path, {said.split('`')[1]})", path) == 2


@pytest.mark.parametrize("named", ["latin-1", "cp1252"])
def test_a_csv_read_with_another_encoding_than_its_own_says_how_to_convert_it(
    desk: Desk, warehouse: Warehouse, named: str
) -> None:
    path = desk.folder / "clicks.csv"
    path.write_bytes(PRICE.encode("cp1252"))

    said = refusal(desk, warehouse, f"select * from read_csv($path, encoding = '{named}')", path)

    assert said.endswith(f"iconv -f WINDOWS-1252 -t UTF-8 {path} > {desk.folder / 'clicks-utf8.csv'}")


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", "is not UTF-16: leave `encoding` out"), ("utf-16-be", "is UTF-16BE, of which DuckDB reads nothing")],
)
def test_a_csv_of_which_duckdb_would_silently_read_nothing_is_refused(
    desk: Desk, warehouse: Warehouse, encoding: str, said: str
) -> None:
    path = desk.folder / "clicks.csv"
    path.write_bytes(CAFE.encode(encoding))

    assert said in refusal(desk, warehouse, "select * from read_csv($path, encoding = 'utf-16')", path)


NS = "user_id bigint, goods_id bigint, shop_id bigint, event_type varchar, event_ts timestamp_ns"


@pytest.mark.parametrize(
    "bound", ["timestamp '9999-12-31'", "date '9999-12-31'", "'9999-12-31'", "coalesce(null, timestamp '9999-12-31')"]
)
def test_a_nanosecond_column_with_a_bound_out_of_its_range_says_what_to_type_and_that_works(
    desk: Desk, warehouse: Warehouse, bound: str
) -> None:
    path = write_events(desk.folder / "clicks.parquet", ROWS, NS)
    query = f"select * from read_parquet($path) where event_ts >= $day_start and event_ts < {bound}"

    said = refusal(desk, warehouse, query, path)

    assert "compares a TIMESTAMP_NS with a time outside 1677-09-22 to 2262-04-11" in said
    [nearer, microseconds] = re.findall(r"such as (timestamp '.*?')|or `(make_timestamp\(.*?\))` in place", said)
    assert kept(desk, warehouse, query.replace(bound, nearer[0]), path) == 3
    cast = query.replace(f"event_ts < {bound}", f"{microseconds[1]} < {bound}")
    assert kept(desk, warehouse, cast, path) == 3


def test_a_date_that_is_compared_with_a_number_is_no_nanosecond(desk: Desk, warehouse: Warehouse) -> None:
    path = write_events(desk.folder / "clicks.parquet", ROWS)

    assert "TIMESTAMP_NS" not in refusal(
        desk, warehouse, "select * from read_parquet($path) where user_id >= '2025-03-01'", path
    )


def test_a_nanosecond_column_is_read_from_the_first_day_there_is(desk: Desk, nightrank: NightRank) -> None:
    path = write_events(desk.folder / "clicks.parquet", ROWS, NS)
    query = "select * from read_parquet($path) where event_ts >= $day_start and event_ts < $day_end"
    (desk.folder / "clicks.sql").write_text(query)
    words = ("ingest", desk.folder / "clicks.sql", "--path", path, "--store", desk.folder / "store")

    said = nightrank(*words, "--first", "0001-01-01", "--last", "9999-12-31")

    assert (said.code, said.out) == (0, "clicks: 3 rows in, 3 kept, 0 duplicates, 0 quarantined, 3 days\n")


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
    monkeypatch.setattr("features.ingestion.ROWS_AT_ONCE", 1)
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
    select count(*), [1, 2], {'a': (1)} from é, read_parquet(['a.parquet', 'b''.parquet'], union_by_name => true)
    left join 'c''.json' as c using (d) where e in (select f from "g""/*.parquet")
    """

    found = [(call.function, call.files.strip(), call.options) for call in reader_calls(query)]

    assert found == [
        ("read_csv", "$path || '/é,(*.csv'", {"header": "true"}),
        ("read_parquet", "['a.parquet', 'b''.parquet']", {"union_by_name": "true"}),
        ("", "'c''.json'", {}),
        ("", "'g\"/*.parquet'", {}),
    ]
    assert duckdb.extract_statements(query)[0].named_parameters == {"path"}
