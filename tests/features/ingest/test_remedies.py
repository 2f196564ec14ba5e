"""Errors about the columns of a source -> each remedy that they print, typed as printed: the read then succeeds and no
value has changed."""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

import features
from features import FeatureError, Warehouse
from tests.conftest import Desk

DAY = "2025-03-01"
COLUMNS = {
    "events": {
        "user_id": "1::bigint",
        "goods_id": "10::bigint",
        "shop_id": "5::bigint",
        "event_type": "'buy'",
        "event_ts": "timestamp '2025-03-01 12:00:00'",
    },
    "goods": {"goods_id": "10::bigint", "shop_id": "5::bigint"},
    "impressions": {
        "user_id": "1::bigint",
        "goods_id": "10::bigint",
        "event_ts": "timestamp '2025-03-01 12:00:00'",
        "label": "true",
    },
}
RAISES = re.compile(r"(?:^|: |  )(\w+) (?:is|\S+ is the same UUID)", re.MULTILINE)
MAPPED = re.compile(r"map it with `([^`]+)`")
ANOTHER = re.compile(r"another store, in which every source gives `([^`]+)`")
LEFT_OUT = re.compile(r"leave them out with `where ([^`]+)`")
PRINTED = re.compile(r"(with|gives|or|add) `(?!-- )|`(types|columns|null)\b")


@dataclass
class Case:
    """Values of a column, as SQL; the ids that the store holds before, and those that the read leaves, as text."""

    column: str
    values: list[str]
    left: list[str | None]
    held: str | None = None
    kind: str = "events"
    quarantined: int = 0


def query(kind: str, columns: dict[str, str], column: str, values: list[str]) -> str:
    """A source query with a row for each value of a column."""
    others = ", ".join(f"{value} as {name}" for name, value in columns.items() if name != column)
    rows = " union all by name ".join(f"select {value} as {column}" for value in values)
    return f"select given.*, {others} from ({rows}) as given"


def read(desk: Desk, warehouse: Warehouse, kind: str, text: str, name: str = "given") -> features.IngestResult:
    (desk.folder / f"{name}.sql").write_text(text)
    source = features.find_source(str(desk.folder / f"{name}.sql"), kind, None)
    if kind == "goods":
        return features.ingest_goods(warehouse, source)
    read_days = features.ingest_events if kind == "events" else features.ingest_impressions
    return read_days(warehouse, source, date.fromisoformat(DAY), date.fromisoformat(DAY), desk.ingestion)


def hold(desk: Desk, warehouse: Warehouse, column: str, held: str | None) -> None:
    """Let the store hold events: an id of the column in question, or NULL."""
    columns = COLUMNS["events"]
    read(desk, warehouse, "events", query("events", columns, column, [held or columns.get(column, "null")]), "held")


def typed(text: str, said: str) -> str:
    """The query after what an error says to type: a mapping, and rows to leave out."""
    columns = RAISES.findall(said)
    [column], [mapping] = columns[-1:], MAPPED.findall(said)
    where = LEFT_OUT.findall(said)
    return f"select * replace ({mapping} as {column}) from ({text})" + (f" where {where[0]}" if where else "")


def refused(desk: Desk, warehouse: Warehouse, kind: str, text: str) -> str:
    with pytest.raises(FeatureError) as error:
        read(desk, warehouse, kind, text)
    return str(error.value)


def ids_of(warehouse: Warehouse, column: str) -> list[str]:
    """The ids of a column that the store knows, as text."""
    table = {"user_id": "users", "goods_id": "goods", "shop_id": "shops"}[column]
    rows = warehouse.con.execute(f"select {column}::varchar from entities.{table} order by {column}").fetchall()
    return [text for (text,) in rows]


A, B = "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "7f9619ff-8b86-d011-b42d-00cf4fc964ab"
CASES = {
    "hugeint": Case("user_id", ["1::hugeint", "9223372036854775813"], ["1", "9223372036854775813"]),
    "unsigned": Case("user_id", ["1::ubigint", "9223372036854775813::ubigint"], ["1", "9223372036854775813"]),
    "unsigned among integers": Case(
        "user_id", ["7::ubigint", "9223372036854775813::ubigint"], ["7"], held="7::bigint", quarantined=1
    ),
    "hugeint among integers": Case("user_id", ["7::hugeint", "8::hugeint"], ["7", "8"], held="7::bigint"),
    "uhugeint": Case("goods_id", ["1::uhugeint"], ["1"]),
    "decimal": Case("user_id", ["5::decimal(38, 0)", "6::decimal(38, 0)"], ["5", "6"]),
    "large decimal": Case("user_id", ["99999999999999999999::decimal(38, 0)"], ["99999999999999999999"]),
    "decimal with a fraction": Case("user_id", ["5.25::decimal(10, 2)"], ["5.25"]),
    "whole decimals": Case("user_id", ["5.00::decimal(10, 2)"], ["5"], held="5::bigint"),
    "floats": Case("user_id", ["5.0::double", "null"], ["5"], quarantined=1),
    "floats and NaN": Case("user_id", ["5.0::double", "'nan'::double"], ["5"], quarantined=1),
    "floats among text": Case("user_id", ["5.0::double", "6.0::double"], ["5", "6"], held="'5'"),
    "floats of 32 bits": Case("shop_id", ["5.0::float"], ["5"], held="5::bigint"),
    "blob": Case("user_id", [r"'\xC3\xA9'::blob", "'abc'::blob"], ["abc", "é"]),
    "blob among integers": Case("user_id", ["'7'::blob"], ["7"], held="7::bigint"),
    "blob that is no text": Case("user_id", [r"'\xFF\x01'::blob"], ["FF01"]),
    "json": Case("user_id", ["'1'::json", "'\"guest-9\"'::json"], ["1", "guest-9"]),
    "json among integers": Case("user_id", ["'7'::json", "'\"8\"'::json"], ["7", "8"], held="7::bigint"),
    "json that is no integer among integers": Case(
        "user_id", ["'\"7\"'::json", "'\"007\"'::json", "'\"guest-9\"'::json"], ["7"], held="7::bigint", quarantined=2
    ),
    "bignum among integers": Case(
        "user_id", ["7::bignum", "9223372036854775813::bignum"], ["7"], held="7::bigint", quarantined=1
    ),
    "date": Case("user_id", ["date '2025-03-01'"], ["2025-03-01"]),
    "timestamp": Case("shop_id", ["timestamp '2025-03-01 10:00:00'"], ["2025-03-01 10:00:00"]),
    "boolean": Case("user_id", ["true", "false"], ["false", "true"]),
    "boolean among text": Case("user_id", ["true"], ["a", "true"], held="'a'"),
    "enum": Case("user_id", ["'a'::enum('a', 'b')"], ["a"]),
    "enum among integers": Case("user_id", ["'7'::enum('7', 'b')"], ["7"], held="7::bigint"),
    "integers among text": Case("user_id", ["7::bigint"], ["007", "7"], held="'007'"),
    "text of integers": Case("user_id", ["'7'", "'8'"], ["7", "8"], held="7::bigint"),
    "a guest": Case("user_id", ["'7'", "'guest-9'"], ["7"], held="7::bigint", quarantined=1),
    "zeros in front": Case("user_id", ["'7'", "'007'", "'7.6'"], ["7"], held="7::bigint", quarantined=2),
    "an item that is no integer": Case("goods_id", ["'7'", "'B00X'", "null"], ["7"], held="7::bigint"),
    "a shop that is no integer": Case("shop_id", ["'7'", "'07'", "'web'"], ["7"], held="7::bigint"),
    "a guest in impressions": Case(
        "user_id", ["'1'", "'guest-9'"], ["1"], held="1::bigint", kind="impressions", quarantined=1
    ),
    "wide items of impressions": Case("goods_id", ["10::hugeint"], ["10"], kind="impressions", held="10::bigint"),
    "floats in a catalogue": Case("goods_id", ["10.0::double", "11.0::double"], ["10", "11"], kind="goods"),
    "shops of a catalogue": Case("shop_id", ["5.0::double"], ["5"], kind="goods"),
    "blob in a catalogue": Case("goods_id", [r"'\xC3\xA9'::blob"], ["a", "é"], held="'a'", kind="goods"),
    "an item of a catalogue that is no integer": Case(
        "goods_id", ["'10'", "'B00X'"], ["10"], held="10::bigint", kind="goods", quarantined=1
    ),
    "uuid among capitals": Case("user_id", [f"'{A}'::uuid"], [A.upper()], held=f"'{A.upper()}'"),
    "capitals among uuid": Case("goods_id", [f"'{A.upper()}'", "'tea'"], [A, "tea"], held=f"'{A}'::uuid"),
    "uuid among braces": Case("user_id", [f"'{A}'::uuid", f"'{B}'::uuid"], [f"{{{A}}}", f"{{{B}}}"], held=f"'{{{A}}}'"),
    "uuid among digits": Case(
        "shop_id", [f"'{A}'::uuid"], [A.replace("-", "").upper()], held=f"'{A.replace('-', '').upper()}'"
    ),
    "uuid in two ways": Case("user_id", [f"'{A}'", f"'{A.upper()}'", "'Guest'"], [A, "Guest"]),
    "uuid of impressions": Case("user_id", [f"'{A}'::uuid"], [A.upper()], held=f"'{A.upper()}'", kind="impressions"),
    "uuid of a catalogue": Case("goods_id", [f"'{A}'::uuid"], [A.upper()], held=f"'{A.upper()}'", kind="goods"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_remedy_for_ids_works_as_printed_and_changes_none(desk: Desk, warehouse: Warehouse, name: str) -> None:
    case = CASES[name]
    if case.held or case.kind != "events":
        hold(desk, warehouse, case.column, case.held)
    text = query(case.kind, COLUMNS[case.kind], case.column, case.values)

    said = refused(desk, warehouse, case.kind, text)
    counts = read(desk, warehouse, case.kind, typed(text, said))

    assert (ids_of(warehouse, case.column), counts.quarantined) == (case.left, case.quarantined)


OTHER_STORES = {
    "a guest": ("7::bigint", ["'7'", "'guest-9'"], ["7", "guest-9"]),
    "guests alone": ("7::bigint", ["'guest-8'", "'guest-9'"], ["guest-8", "guest-9"]),
    "uuid among integers": ("7::bigint", [f"'{A}'::uuid"], [A]),
    "dates among integers": ("7::bigint", ["date '2025-03-01'"], ["2025-03-01"]),
    "fractions among integers": ("7::bigint", ["5.25::decimal(10, 2)"], ["5.25"]),
    "large numbers among integers": ("7::bigint", ["9223372036854775813::ubigint"], ["9223372036854775813"]),
}


@pytest.mark.parametrize("name", OTHER_STORES)
def test_another_store_takes_the_ids_with_the_mapping_that_is_printed(
    desk_with: Callable[..., Desk], tmp_path: Path, name: str
) -> None:
    held, values, left = OTHER_STORES[name]
    text = query("events", COLUMNS["events"], "user_id", values)
    desk, other = desk_with(), Desk(tmp_path / "other", desk_with().config)
    other.folder.mkdir()
    with desk.open() as warehouse:
        hold(desk, warehouse, "user_id", held)
        [mapping] = ANOTHER.findall(refused(desk, warehouse, "events", text))

    with other.open() as warehouse:
        read(other, warehouse, "events", f"select * replace ({mapping} as user_id) from ({text})")
        assert ids_of(warehouse, "user_id") == left


def test_uuids_that_a_store_has_in_several_ways_need_another_store(desk: Desk, warehouse: Warehouse) -> None:
    events = COLUMNS["events"]
    read(desk, warehouse, "events", query("events", events, "user_id", [f"'{A.upper()}'", f"'{B}'"]), "web")

    said = refused(
        desk, warehouse, "events", query("events", events, "user_id", [f"'{A}'::uuid", f"'{B.upper()}'::uuid"])
    )

    assert ANOTHER.findall(said) == ["cast(user_id as varchar)"]


KEPT = {"event_type": "event_type", "weight": "weight", "cat_id": "cat_id", "event_ts": "event_ts"}
OTHER_COLUMNS: dict[str, tuple[str, list[str], list[Any]]] = {
    "number as type": ("event_type", ["5"], ["5"]),
    "blob as type": ("event_type", [r"'\xC3\xA9'::blob"], ["é"]),
    "json as type": ("event_type", ["'\"buy\"'::json"], ["buy"]),
    "text as time": ("event_ts", ["'2025-03-01 10:00:00'"], [datetime(2025, 3, 1, 10)]),
    "text that is no time": ("event_ts", ["'2025-03-01 10:00:00'", "'soon'"], [datetime(2025, 3, 1, 10)]),
    "seconds": ("event_ts", ["1740823200::bigint"], [datetime(2025, 3, 1, 10)]),
    "seconds of 32 bits": ("event_ts", ["1740823200::integer"], [datetime(2025, 3, 1, 10)]),
    "seconds as floats": ("event_ts", ["1740823200.5::double"], [datetime(2025, 3, 1, 10, 0, 0, 500000)]),
    "seconds as decimals": ("event_ts", ["1740823200.5::decimal(18, 3)"], [datetime(2025, 3, 1, 10, 0, 0, 500000)]),
    "text as weight": ("weight", ["'1.5'"], [1.5]),
    "text that is no weight": ("weight", ["'1.5'", "'many'"], [None, 1.5]),
    "truth as weight": ("weight", ["true"], [1.0]),
    "blob as category": ("cat_id", [r"'\xC3\xA9'::blob"], ["é"]),
    "json as category": ("cat_id", ["'\"tea\"'::json", "'5'::json"], ["5", "tea"]),
}


@pytest.mark.parametrize("name", OTHER_COLUMNS)
def test_a_remedy_for_another_column_works_as_printed(desk: Desk, warehouse: Warehouse, name: str) -> None:
    column, values, left = OTHER_COLUMNS[name]
    text = query("events", COLUMNS["events"], column, values)

    read(desk, warehouse, "events", typed(text, refused(desk, warehouse, "events", text)))

    kept = "(select event_type from types where types.type_key = kept.type_key)" if column == "event_type" else column
    types = dict(warehouse.con.execute("select type_key, event_type from entities.event_types").fetchall())
    rows = desk.lake_rows(warehouse, "events.given", "type_key" if column == "event_type" else kept)
    found = [types[value] if column == "event_type" else value for (value,) in rows]
    assert sorted(found, key=str) == sorted(left, key=str)


CATALOGUE_COLUMNS = {
    "number as name": ("name", ["5"], ["5"]),
    "blob as name": ("name", [r"'\xC3\xA9'::blob"], ["é"]),
    "number as active": ("active", ["0"], [False]),
    "text as active": ("active", ["'false'"], [False]),
    "text that says nothing of active": ("active", ["'maybe'"], [True]),
    "blob as category": ("cat_id", [r"'\xC3\xA9'::blob"], ["é"]),
}


@pytest.mark.parametrize("name", CATALOGUE_COLUMNS)
def test_a_remedy_for_a_column_of_a_catalogue_works_as_printed(desk: Desk, warehouse: Warehouse, name: str) -> None:
    column, values, left = CATALOGUE_COLUMNS[name]
    hold(desk, warehouse, "goods_id", None)
    text = query("goods", COLUMNS["goods"], column, values)

    read(desk, warehouse, "goods", typed(text, refused(desk, warehouse, "goods", text)))

    assert warehouse.con.execute(f"select {column} from entities.catalogue").fetchall() == [(one,) for one in left]


@pytest.mark.parametrize(("label", "left"), [("'yes'", True), ("1.0::double", True), ("'0'", False)])
def test_a_remedy_for_a_label_works_as_printed(desk: Desk, warehouse: Warehouse, label: str, left: bool) -> None:
    hold(desk, warehouse, "goods_id", None)
    text = query("impressions", COLUMNS["impressions"], "label", [label])

    read(desk, warehouse, "impressions", typed(text, refused(desk, warehouse, "impressions", text)))

    assert desk.lake_rows(warehouse, "impressions.given", "label") == [(left,)]


MISSING = re.compile(r"(\w+) is missing, .*?, or `([^`]+)` if you have none")


@pytest.mark.parametrize("kind", COLUMNS)
def test_null_for_a_missing_column_is_offered_where_rows_without_it_are_kept(
    desk: Desk, warehouse: Warehouse, kind: str
) -> None:
    hold(desk, warehouse, "goods_id", None)
    offered = {}
    for column in COLUMNS[kind]:
        columns = {name: value for name, value in COLUMNS[kind].items() if name != column}
        text = "select " + ", ".join(f"{value} as {name}" for name, value in columns.items())
        if kind == "goods" and column == "shop_id":
            continue
        for missing, typing in MISSING.findall(refused(desk, warehouse, kind, text)):
            offered[missing] = read(desk, warehouse, kind, f"{text}, {typing}").rows

    assert offered == {"events": {"goods_id": 1, "shop_id": 1, "event_type": 1}, "goods": {}, "impressions": {}}[kind]


def test_a_csv_is_read_as_text_with_the_types_that_are_printed(desk: Desk, warehouse: Warehouse) -> None:
    path = desk.folder / "e.csv"
    path.write_text("user_id,goods_id,shop_id,event_type,event_ts\n2025-3-1,10,5,buy,2025-03-01 10:00:00\n")
    (desk.folder / "given.sql").write_text("select * from read_csv($path)")

    def ingest() -> features.IngestResult:
        source = features.find_source(str(desk.folder / "given.sql"), "events", str(path))
        return desk.ingest(warehouse, source, DAY, DAY)

    for wrong in ("2025-3-1", "1.5", "9007199254740993.5"):
        path.write_text(f"user_id,goods_id,shop_id,event_type,event_ts\n{wrong},10,5,buy,2025-03-01 10:00:00\n")
        (desk.folder / "given.sql").write_text("select * from read_csv($path)")
        with pytest.raises(FeatureError) as error:
            ingest()
        [types] = re.findall(r"`(types = \{[^`]+\})` in read_csv", str(error.value))
        (desk.folder / "given.sql").write_text(f"select * from read_csv($path, {types})")
        ingest()

    assert ids_of(warehouse, "user_id") == ["1.5", "2025-3-1", "9007199254740993.5"]


def test_numbers_beside_ids_with_zeros_name_both_remedies(desk: Desk, warehouse: Warehouse) -> None:
    hold(desk, warehouse, "user_id", "'007'")

    said = refused(desk, warehouse, "events", query("events", COLUMNS["events"], "user_id", ["7::bigint"]))

    assert said == (
        "source given: user_id is BIGINT here and VARCHAR in what the store already holds; "
        "map it with `cast(user_id as varchar)`; the store holds 007, and numbers have no zeros in front: "
        "where the file has them, read the column as text"
    )


def test_an_event_id_that_lost_digits_is_refused_with_a_remedy_that_works(desk: Desk, warehouse: Warehouse) -> None:
    text = query("events", COLUMNS["events"], "event_id", ["9007199254740993.0::double", "5.0::double"])

    said = refused(desk, warehouse, "events", text)
    [instead] = re.findall(r"give no event_id with `([^`]+)`", said)

    assert read(desk, warehouse, "events", f"select * replace ({instead} as event_id) from ({text})").rows == 2


def functions_with(found: Callable[[ast.AST], bool]) -> set[str]:
    """The functions of the feature store that hold such a node, as file:function."""
    names = set()
    for path in sorted(Path(features.__file__).parent.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            said = function.body[1:] if ast.get_docstring(function) else function.body
            if any(found(node) for statement in said for node in ast.walk(statement)):
                names.add(f"{path.stem}:{function.name}")
    return names


def test_every_place_that_prints_a_mapping_is_covered_here() -> None:
    def prints(node: ast.AST) -> bool:
        calls = isinstance(node, ast.Call) and ast.unparse(node.func) == "mapping_remedy"
        return calls or (isinstance(node, ast.Constant) and bool(PRINTED.search(str(node.value))))

    def names_a_mapping(node: ast.AST) -> bool:
        return isinstance(node, ast.Constant) and "map it with" in str(node.value)

    assert functions_with(names_a_mapping) == {"remedies:mapping_remedy"}

    of_other_tests = {  # test_date_columns, test_encodings and test_reader_options type what these print
        "date_columns:nanosecond_remedy",
        "encodings:encoding_remedy",
        "encodings:remedy_for",
        "reader_options:first_lines_warning",
        "reader_options:require_countable",
        "reader_options:require_header_in_order",
        "reader_options:warnings_of",
    }
    assert functions_with(prints) - of_other_tests == {
        "event_ids:check_floats",
        "remedies:as_text",
        "remedies:cast_remedy",
        "remedies:fraction_remedy",
        "remedies:id_remedy",
        "remedies:mapping_remedy",
        "remedies:missing_column_remedy",
        "remedies:number_remedy",
        "remedies:remedy",
        "remedies:text_or_another_store",
        "remedies:time_remedy",
        "uuid_spelling:remedy",
    }
