"""What a person may ask of the published file, and every way out of it that was tried: each with what is said."""

from pathlib import Path

import duckdb
import polars as pl
import pytest

import features
from features import FeatureError, StoreConfig
from features.publish import reader as reader_module
from features.store import duckdb_connection
from tests.conftest import write_events

NO_SELECT = (
    'only a select is a question, and nothing else is done here; ask, for example: nightrank sql "from latest_rankings"'
)
DUCKDB_1 = duckdb.__version__.startswith("1.")


def shut(what: str, kind: str = "file") -> str:
    return f'Permission Error: Cannot access {kind} "{what}" - file system operations are disabled by configuration'


def unknown(name: str, kind: str) -> str:
    return f"Catalog Error: {kind} with name {name} does not exist!"


REFUSED = [
    # Files, by every function that reads one, by their bare name, and by words that are evaluated later.
    ("from read_csv('{there}/some.csv')", shut("{there}/some.csv")),
    ("from read_text('{there}/some.csv')", shut("{there}/some.csv")),
    ("from read_blob(['{there}/some.csv'])", shut("{there}/some.csv")),
    ("from read_json('{there}/some.csv')", shut("{there}/some.csv")),
    ("from read_parquet('{there}/some.parquet')", shut("{there}/some.parquet")),
    ("from read_duckdb('{there}/some.duckdb', table_name => 'some')", shut("{there}/some.duckdb")),
    ("from sniff_csv('{there}/some.csv')", shut("{there}/some.csv")),
    ("from parquet_metadata('{there}/some.parquet')", shut("{there}/some.parquet")),
    ("from parquet_schema('{there}/some.parquet')", shut("{there}/some.parquet")),
    ("from '{there}/some.csv'", shut("{there}/some.csv")),
    ("from '{there}/some.duckdb'", shut("{there}/some.duckdb")),
    ('from "{there}/some.parquet"', shut("{there}/some.parquet")),
    ("from query_table('{there}/some.csv')", shut("{there}/some.csv")),
    ("from query('from read_text(''{there}/some.csv'')')", shut("{there}/some.csv")),
    ("from json_execute_serialized_sql(json_serialize_sql('from ''{there}/some.csv'''))", shut("{there}/some.csv")),
    ("summarize from read_text('{there}/some.csv')", shut("{there}/some.csv")),
    ("from /* a thought */ read_text /* */ ('{there}/some.csv') -- no more", shut("{there}/some.csv")),
    ("from glob('{there}/*')", shut("{there}/*")),
    ("import database '{there}'", shut("{there}/schema.sql") if DUCKDB_1 else NO_SELECT),
    ("from query('copy rankings to ''{there}/new''')", "Parser Error: Expected a single SELECT statement"),
    # The network, secrets, the environment, this program.
    (
        "from 'https://localhost/a.csv'",
        shut("https://localhost/a.csv"),
    ),
    ("from read_csv('s3://shop/a.csv')", shut("s3://shop/a.csv")),
    (
        "from duckdb_secrets()",
        shut("{home}/.duckdb/stored_secrets", "directory"),
    ),
    ("select getenv('HOME')", unknown("getenv", "Scalar Function")),
    ("from pg_read_file('x')", unknown("pg_read_file", "Table Function")),
    ("from from_substrait('')", unknown("from_substrait", "Table Function")),
    ("from frame", unknown("frame", "Table")),
    # Whatever is no select, hidden behind one, before one or in a thought.
    *(
        (query, NO_SELECT)
        for query in (
            "copy rankings to '{there}/new'",
            "copy (select 1) to '{release}' (use_tmp_file false, format csv)",
            "copy (select 1) to '{release}.wal' (format csv)",
            "copy (select 1) to '{spill}/new' (format csv)",
            "explain analyze copy (select 1) to '{release}' (use_tmp_file false, format csv)",
            "/* select */ copy rankings to '{there}/new'",
            "copy (pivot rankings on rank using count(*)) to '{release}' (use_tmp_file false, format csv)",
            "copy (pivot rankings on rank using count(*)) to '{spill}/new' (format csv)",
            "explain analyze copy (pivot rankings on rank using count(*)) to '{spill}/new'",
            "create temp table mine as from (pivot rankings on rank using count(*))",
            "export database '{there}/new'",
            "attach '{there}/some.duckdb' (read_only)",
            "attach ':memory:' as mine",
            "use memory",
            "install httpfs",
            "load '{there}/some.csv'",
            "update extensions",
            "set enable_external_access = true",
            "set temp_directory = '{there}'",
            "reset lock_configuration",
            "pragma profiling_output = '{there}/new'",
            "call enable_logging(storage = 'file', storage_path = '{there}')",
            "create secret mine (type s3)",
            "create table mine (one integer)",
            "create temp table mine as from rankings",
            "create temp macro mine() as 1",
            "insert into rankings from rankings",
            "update rankings set rank = 1",
            "delete from rankings",
            "merge into rankings using (select 1 as one) on true when matched then delete",
            "drop table rankings",
            "alter table rankings rename to mine",
            "comment on table rankings is 'mine'",
            "prepare mine as delete from rankings",
            "execute mine",
            "begin",
            "checkpoint",
            "vacuum",
        )
    ),
    (
        "copy rankings to '{there}/new'; pivot rankings on rank using count(*)",
        NO_SELECT if DUCKDB_1 else "these are 2 statements; ask one at a time",
    ),
    (
        "select 1; copy (pivot rankings on rank using count(*)) to '{spill}/new'",
        NO_SELECT if DUCKDB_1 else "these are 2 statements; ask one at a time",
    ),
    ("select 1; copy rankings to '{there}/new'", "these are 2 statements; ask one at a time"),
    ("select '\u2028';; \ufeff copy rankings to '{there}/new'", "these are 2 statements; ask one at a time"),
    (
        "from rankings where rank = $rank",
        "Invalid Input Error: Values were not provided for the following "
        f"{'prepared statement ' if DUCKDB_1 else ''}parameters: rank",
    ),
]


def bytes_of(*folders: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files that DuckDB would read."""
    folder = tmp_path_factory.mktemp("there")
    write_events(folder / "some.parquet", [])
    for name in ("some.csv", "schema.sql", "load.sql"):
        (folder / name).write_text("select 1 as one\n")
    duckdb.connect(str(folder / "some.duckdb")).close()
    return folder


@pytest.mark.parametrize(("query", "refusal"), REFUSED)
def test_a_question_reads_no_file_and_writes_none(query: str, refusal: str, walked_store: Path, there: Path) -> None:
    frame = pl.DataFrame({"one": [1]})  # what a bare name would find in this program
    before = bytes_of(walked_store / "releases", there)
    with features.open_published(features.Store(walked_store, StoreConfig(threads=2))) as reader:
        release, spill = reader.ask(
            "select path, current_setting('temp_directory') from duckdb_databases() where not internal"
        ).rows[0]
        places = {"there": there, "release": release, "spill": spill, "home": Path.home()}
        with pytest.raises(FeatureError) as refused:
            reader.ask(query.format(**places))

    said = duckdb_connection.first_line(refused.value).partition(" Did you mean")[
        0
    ]  # whatever else is called nearly so
    assert said == refusal.format(**places)
    assert bytes_of(walked_store / "releases", there) == before
    assert (list(Path(spill).iterdir()), len(frame)) == ([], 1)


def test_what_only_asks_is_answered(walked_store: Path) -> None:
    questions = {
        "from range(1)": [(0,)],
        "select 1; -- no more": [(1,)],
        "with given as (values (1)) from given": [(1,)],
        "pivot (select 'one' as name, 1 as value) on name using sum(value)": [(1,)],
        "pivot (select 'one' as name, 1 as value) on name using sum(value); -- no more": [(1,)],
        "with given as (pivot (select 'one' as name, 1 as value) on name using sum(value)) from given": [(1,)],
        "from (pivot (select 'one' as name, 1 as value, 2 as other) on name, other using sum(value))": [(1,)],
        "from query('select ''one''')": [("one",)],
        "from json_execute_serialized_sql(json_serialize_sql('select 1'))": [(1,)],
        "select column_name from (describe select 1 as one)": [("one",)],
    }
    with features.open_published(features.Store(walked_store, StoreConfig(threads=2))) as reader:
        assert {question: reader.ask(question).rows for question in questions} == questions


def test_an_answer_without_an_end_is_refused(walked_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "MAX_ROWS", 1000)
    with features.open_published(features.Store(walked_store, StoreConfig(threads=2))) as reader:
        assert len(reader.ask("from range(1000)").rows) == 1000
        with pytest.raises(FeatureError) as refused:
            reader.ask("from range(1_000_000_000_000)")

    assert str(refused.value) == (
        "the answer has more than 1000 rows; add a limit, or write it to a file in the DuckDB shell: "
        "duckdb -readonly published.duckdb"
    )
