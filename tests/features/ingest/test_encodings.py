"""A file of a source that is not UTF-8: where, and what to type."""

import gzip
import re
import subprocess

import pytest

from features import Warehouse
from tests.conftest import Desk
from tests.features.ingest.reading_sources import HEADER, kept, refusal

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
