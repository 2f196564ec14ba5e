"""How DuckDB would run what people ask of a published file: no plan compares every row of one input with every row of
another, which takes minutes where both are long."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from features.store import sql_files

MACROS = {
    "ranking_for": "from ranking_for($who)",
    "ranking_at": "from ranking_at($who, $ds)",
    "why_for": "from why_for($who, $what)",
    "movers": "from movers($before_ds, $ds)",
    "coverage_by_day": "from coverage_by_day()",
}
QUERIES = MACROS | {
    f"{folder}/{name}": sql_files.read(f"{folder}/{name}")
    for folder in ("inspect", "report", "show", "checks")
    for name in sql_files.names(folder)
}
DS = date(2025, 3, 20)
VALUES = {
    "ds": DS,
    "night": DS,
    "before_ds": date(2025, 3, 19),
    "who": 7,
    "what": 101,
    "texts": ["7"],
    "ranks": 10,
    "score": 0.1,
    "goods_keys": [1, 2],
    "goods_length": 100,
    "shop_length": 100,
}
DUCKDB = int(duckdb.__version__.split(".")[0])
EVERY_PAIR = {"NESTED_LOOP_JOIN", "BLOCKWISE_NL_JOIN", "CROSS_PRODUCT"}
ONE_ROW = {"UNGROUPED_AGGREGATE", "DUMMY_SCAN"}
# What looks like two long inputs to DuckDB, and why one of them is a single row.
BOUNDED = {
    "report/night": "one night, and the newest night before it",
    "show/candidate_keys": "one goods by its id, one night by its ds, and one user by their id",
}
HALF_ON_ONE_SIDE = """
select goods.name
from why
left join goods
    on
        why.part = 'goods'
        and why.history_id::varchar = goods.goods_id::varchar
"""


@pytest.fixture(scope="module")
def published(walked_store: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(walked_store / "published.duckdb"), read_only=True) as con:
        yield con


def operators(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node["children"]:
        yield from operators(child)


def is_one_row(node: dict[str, Any]) -> bool:
    if node["name"] in ("PROJECTION", "FILTER"):
        return is_one_row(node["children"][0])
    counted = node["name"] == "COLUMN_DATA_SCAN" and node["extra_info"].get("Estimated Cardinality") == "1"
    return counted or node["name"] in ONE_ROW


def joins_of_every_pair(con: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    """The operators of the plan that compare each row of one input with each of another, both of more than one row."""
    [statement] = duckdb.extract_statements(query)
    values = {name: VALUES[name] for name in statement.named_parameters}
    [(_, plan)] = con.execute(f"explain (format json) {query}", values).fetchall()
    return [
        node["name"]
        for root in json.loads(plan)
        for node in operators(root)
        if node["name"] in EVERY_PAIR and not any(map(is_one_row, node["children"]))
    ]


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_compares_every_pair_of_rows(name: str, published: duckdb.DuckDBPyConnection) -> None:
    found = joins_of_every_pair(published, QUERIES[name])

    assert bool(found) == (name in BOUNDED), found


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(HALF_ON_ONE_SIDE, marks=pytest.mark.skipif(DUCKDB >= 2, reason="DuckDB 2 makes it a hash join")),
        "from why cross join goods",
        "from why inner join goods on goods.name is null or goods.goods_id = why.goods_id",
    ],
)
def test_a_query_that_compares_every_pair_of_rows_is_found(query: str, published: duckdb.DuckDBPyConnection) -> None:
    assert len(joins_of_every_pair(published, query)) == 1


def test_the_file_has_macros_that_are_looked_at_and_no_other(published: duckdb.DuckDBPyConnection) -> None:
    query = "select distinct function_name from duckdb_functions() where not internal"

    assert {name for (name,) in published.execute(query).fetchall()} == {*MACROS, "is_of_another_database", "uuid_text"}


def test_no_macro_uses_if_which_duckdb_2_writes_in_a_form_that_1_5_cannot_read() -> None:
    views = sql_files.read("published/views")

    assert [line for line in views.splitlines() if "if(" in line] == []
