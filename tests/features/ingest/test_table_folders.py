"""Files of a source that are parts of a table of another program, or of an unfinished job, are refused."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from features import FeatureError, Warehouse
from tests.conftest import Desk, Said, write_events
from tests.features.ingest.reading_sources import DAYS, ROOT, ROWS, ingest_kind, kept, refusal, source

NightRank = Callable[..., Said]
ALL = "select * from read_parquet($path || '/**/*.parquet')"


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
    touched(folder / "metadata" / "schema.avro")
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
