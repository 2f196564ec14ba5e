"""The command line: what it prints, and what it says of a mistake. Never a traceback, nothing half-written."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from features import Store, StoreConfig
from flows.cli.app import absolute_path
from tests.conftest import QUERY, Said, write_events

NightRank = Callable[..., Said]


@pytest.fixture
def purchases(tmp_path: Path) -> Path:
    """A source query with its file beside it: tmp_path/purchases.sql reads tmp_path/purchases.parquet."""
    write_events(tmp_path / "purchases.parquet", [(1, 10, 5, "buy", datetime(2025, 3, 1, 12))])
    (tmp_path / "purchases.sql").write_text(QUERY)
    return tmp_path


def mistake(said: Said, code: int = 1) -> str:
    """The message of a mistake, which is the last thing on stderr, without a traceback."""
    assert said.code == code, said
    assert "Traceback" not in said.err
    return said.err[said.err.index("nightrank: ") :].strip()


def test_ingest_says_what_became_of_the_rows(purchases: Path, nightrank: NightRank) -> None:
    said = nightrank(
        "ingest", purchases / "purchases.sql", "--path", purchases / "purchases.parquet", "--store", purchases / "s"
    )

    assert said.out == "purchases: 1 rows in, 1 kept, 0 duplicates, 0 quarantined, 1 days\n"
    assert said.code == 0


def test_a_source_is_read_again_without_saying_where_it_is(purchases: Path, nightrank: NightRank) -> None:
    nightrank(
        "ingest", purchases / "purchases.sql", "--path", purchases / "purchases.parquet", "--store", purchases / "s"
    )

    assert nightrank("ingest", purchases / "purchases.sql", "--store", purchases / "s").code == 0


def test_a_source_is_read_again_by_its_name_alone(purchases: Path, nightrank: NightRank) -> None:
    nightrank(
        "ingest", purchases / "purchases.sql", "--path", purchases / "purchases.parquet", "--store", purchases / "s"
    )
    (purchases / "purchases.sql").unlink()

    again = nightrank("ingest", "purchases", "--store", purchases / "s")
    as_goods = nightrank("ingest", "purchases", "--as", "goods", "--store", purchases / "s")

    assert again.out == "purchases: 1 rows in, 1 kept, 0 duplicates, 0 quarantined, 1 days\n"
    assert mistake(as_goods) == (
        "nightrank: purchases: this store knows it as a source of events; "
        "say so with --as events, or give the file another name"
    )


@pytest.mark.parametrize("path", ["purchases.parquet", "./purch*.parquet"])
def test_a_path_of_files_here_is_kept_whole_so_that_a_night_finds_it_from_anywhere(
    purchases: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(purchases)
    nightrank("ingest", "purchases.sql", "--path", path, "--store", "s")
    monkeypatch.chdir("/")

    assert nightrank("ingest", "purchases", "--store", purchases / "s").code == 0
    with duckdb.connect(str(purchases / "s" / "warehouse.duckdb"), read_only=True) as con:
        assert con.execute("select path from ops.sources").fetchall() == [(str(purchases / path),)]


@pytest.mark.parametrize("path", ["https://example.com/*.parquet", "nowhere.parquet", "~/some*.csv"])
def test_a_path_that_is_not_of_files_here_is_kept_as_it_is(path: str) -> None:
    assert absolute_path(path) == path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("one.sql", "--first", "2025-03-02", "--last", "2025-03-01"), "2025-03-02 is after --last 2025-03-01"),
        (("one.sql", "two.sql", "--path", "one.csv"), "name one SOURCE at a time"),
        (("one.sql", "--as", "shops"), "shops is none of events, impressions, goods"),
    ],
)
def test_a_contradiction_is_usage_and_makes_no_store(
    tmp_path: Path, nightrank: NightRank, words: tuple[str, ...], message: str
) -> None:
    said = nightrank("ingest", *words, "--store", tmp_path / "s")

    assert said.code == 2
    assert "Usage: " in said.err
    assert message in " ".join(said.err.replace("│", " ").split())
    assert not (tmp_path / "s").exists()


def test_a_missing_file_is_named(purchases: Path, nightrank: NightRank) -> None:
    said = nightrank("ingest", purchases / "purchases.sql", "--path", "nowhere.parquet", "--store", purchases / "s")

    assert mistake(said) == (
        'nightrank: source purchases: IO Error: No files found that match the pattern "nowhere.parquet"; '
        "say where the file is: nightrank ingest purchases --path PATH"
    )


def test_a_source_query_that_needs_a_path_says_so(purchases: Path, nightrank: NightRank) -> None:
    said = nightrank("ingest", purchases / "purchases.sql", "--store", purchases / "s")

    assert mistake(said) == "nightrank: source purchases: the query reads $path; say where the file is with --path"


def test_an_unknown_source_names_those_there_are(tmp_path: Path, nightrank: NightRank) -> None:
    assert mistake(nightrank("ingest", "nobody", "--store", tmp_path)) == (
        "nightrank: nobody: no such source query; name a .sql file, or one of: "
        "completejourney, completejourney_goods, tmall"
    )


def test_a_mistyped_column_is_named_with_its_remedy(purchases: Path, nightrank: NightRank) -> None:
    (purchases / "purchases.sql").write_text(
        "select * replace (event_ts::varchar as event_ts) from read_parquet($path)"
    )

    said = nightrank(
        "ingest", purchases / "purchases.sql", "--path", purchases / "purchases.parquet", "--store", purchases / "s"
    )

    assert "event_ts is VARCHAR, expected TIMESTAMP; map it with `cast(event_ts as timestamp)`" in mistake(said)


def test_nightly_and_train_without_events_say_what_to_run(tmp_path: Path, nightrank: NightRank) -> None:
    for command in ("nightly", "train"):
        said = nightrank(command, "--plain", "--store", tmp_path / "s")
        assert mistake(said).endswith("no events yet; read a source first: nightrank ingest SOURCE")


def test_nightly_without_a_model_says_what_to_run(purchases: Path, nightrank: NightRank) -> None:
    nightrank(
        "ingest", purchases / "purchases.sql", "--path", purchases / "purchases.parquet", "--store", purchases / "s"
    )

    said = nightrank("nightly", "--plain", "--store", purchases / "s")

    assert (
        mistake(said)
        == f"nightrank: no model yet; train one first: nightrank train --ds 2025-03-01 --store {purchases / 's'}"
    )


def test_training_on_too_few_days_says_so(purchases: Path, nightrank: NightRank) -> None:
    nightrank(
        "ingest", purchases / "purchases.sql", "--path", purchases / "purchases.parquet", "--store", purchases / "s"
    )

    said = nightrank("train", "--plain", "--store", purchases / "s")

    assert "no examples to train and measure on: 0 before and 0 in the last 7 days up to 2025-03-01" in mistake(said)


def test_a_day_before_the_first_event_or_not_yet_over_is_refused(own_store: Path, nightrank: NightRank) -> None:
    early = nightrank("nightly", "--plain", "--ds", "2024-12-31", "--store", own_store)
    late = nightrank("nightly", "--plain", "--ds", "2999-01-01", "--store", own_store)

    assert mistake(early) == "nightrank: no events up to 2024-12-31; the first day with events is 2025-03-01"
    assert "2999-01-01 is not over yet in UTC" in mistake(late)


def test_a_night_before_the_model_was_trained_is_refused(own_store: Path, nightrank: NightRank) -> None:
    said = nightrank("nightly", "--plain", "--ds", "2025-03-10", "--store", own_store)

    assert "would rank 2025-03-10 with knowledge of its future" in mistake(said)


def test_why_shows_the_ranking_and_the_history_that_carried_it(walked_store: Path, nightrank: NightRank) -> None:
    said = nightrank("why", "7", "--store", walked_store)

    assert said.code == 0
    assert "User 7: the first 5 goods of 2025-03-20" in said.out
    assert "Why goods" in said.out


def test_why_as_json_gives_the_ranking_and_why_the_first_is_the_first(walked_store: Path, nightrank: NightRank) -> None:
    found = json.loads(nightrank("why", "7", "--json", "--store", walked_store).out)

    assert [row["rank"] for row in found["ranking"]] == [1, 2, 3, 4, 5]
    assert (found["why"]["user_id"], found["why"]["goods_id"]) == (7, found["ranking"][0]["goods_id"])
    assert all(found["why"]["parts"][part] for part in ("goods", "shop"))


def test_a_user_nobody_knows_is_refused_with_some_that_are_known(walked_store: Path, nightrank: NightRank) -> None:
    said = nightrank("why", "4711", "--store", walked_store)

    assert mistake(said) == "nightrank: user_id 4711 is not in the newest ranking; there are, for example: 1, 2, 3"


def test_why_before_anything_is_published_says_what_to_run(tmp_path: Path, nightrank: NightRank) -> None:
    assert mistake(nightrank("why", "1", "--store", tmp_path)).endswith(
        f"nothing is published yet; rank a night first: nightrank nightly --store {tmp_path}"
    )


def test_sql_answers_as_a_table_as_json_and_as_csv(walked_store: Path, nightrank: NightRank) -> None:
    query = "select ds::varchar as ds, count(*) as rows from rankings group by all order by ds limit 1"

    assert json.loads(nightrank("sql", query, "--json", "--store", walked_store).out) == [
        {"ds": "2025-03-18", "rows": 60}
    ]
    assert "2025-03-18" in nightrank("sql", query, "--store", walked_store).out
    assert nightrank("sql", query, "--csv", "--store", walked_store).out == "ds,rows\n2025-03-18,60\n"
    both = nightrank("sql", query, "--csv", "--json", "--store", walked_store)
    assert (both.code, "it excludes --json; give one of them" in both.err) == (2, True)


def test_the_pivot_in_the_help_of_sql_answers(walked_store: Path, nightrank: NightRank) -> None:
    query = re.search(r'"(pivot [^"]*)"', " ".join(nightrank("sql", "--help").out.split()))
    assert query

    said = nightrank("sql", query[1], "--csv", "--store", walked_store)

    assert said.out.splitlines()[0].startswith("ds,")
    assert nightrank("sql", f"from ({query[1]})", "--csv", "--store", walked_store).out == said.out


def test_sql_cannot_write_nor_read_anything_else(walked_store: Path, tmp_path: Path, nightrank: NightRank) -> None:
    (tmp_path / "some.csv").write_text("a,b\n1,2\n")

    read = nightrank("sql", f"from '{tmp_path}/some.csv'", "--store", walked_store)
    written = nightrank("sql", f"copy rankings to '{tmp_path}/new.csv'", "--store", walked_store)

    assert mistake(read).startswith(f'nightrank: Permission Error: Cannot access file "{tmp_path}/some.csv" - file')
    assert mistake(written).startswith("nightrank: only a select is a question, and nothing else is done here; ask,")
    assert [path.name for path in tmp_path.iterdir()] == ["some.csv"]


def test_what_is_not_sql_is_pointed_at(walked_store: Path, nightrank: NightRank) -> None:
    assert 'syntax error at or near "selec"' in mistake(nightrank("sql", "selec 1", "--store", walked_store))


@pytest.mark.parametrize("query", ["", "  ", "/* only a thought */"])
def test_sql_without_a_query_says_what_one_looks_like(walked_store: Path, nightrank: NightRank, query: str) -> None:
    assert mistake(nightrank("sql", query, "--store", walked_store)) == (
        'nightrank: there is no query in this; ask, for example: nightrank sql "from latest_rankings"'
    )


def test_sql_reads_a_file_and_says_where_it_cannot(walked_store: Path, tmp_path: Path, nightrank: NightRank) -> None:
    (tmp_path / "one.sql").write_text("select 1 as one")
    (tmp_path / "latin.sql").write_bytes("select 'é'".encode("latin-1"))
    remedy = "name a .sql file, or write the query itself"

    assert json.loads(nightrank("sql", tmp_path / "one.sql", "--json", "--store", walked_store).out) == [{"one": 1}]
    assert mistake(nightrank("sql", "gone.sql", "--store", walked_store)) == (
        f"nightrank: gone.sql: cannot be read (No such file or directory); {remedy}"
    )
    assert mistake(nightrank("sql", tmp_path / "latin.sql", "--store", walked_store)) == (
        f"nightrank: {tmp_path / 'latin.sql'}: cannot be read (it is not text in UTF-8); {remedy}"
    )


def test_sql_asks_a_question_that_came_with_it_from_any_folder(
    walked_store: Path, tmp_path: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    said = nightrank("sql", "sql/inspect/coverage_by_night.sql", "--json", "--store", walked_store)

    assert [row["ds"] for row in json.loads(said.out)] == ["2025-03-18", "2025-03-19", "2025-03-20"]
    assert "sql/../pyproject.sql: cannot be read" in mistake(
        nightrank("sql", "sql/../pyproject.sql", "--store", walked_store)
    )


def test_json_has_null_for_what_is_no_number_and_every_column_of_a_name(
    walked_store: Path, nightrank: NightRank
) -> None:
    query = "select 'nan'::double as a, 1 as a, 2 as a_1, ['inf'::double, 1.5] as b, map {1: '-inf'::float} as c"

    out = nightrank("sql", query, "--json", "--store", walked_store).out

    assert json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON")) == [
        {"a": None, "a_2": 1, "a_1": 2, "b": [None, 1.5], "c": {"1": None}}
    ]


def test_a_damaged_published_file_is_named(own_store: Path, nightrank: NightRank) -> None:
    release = (own_store / "published.duckdb").resolve()
    release.unlink()
    release.write_bytes(b"not a database" * 1000)

    for command in (("sql", "from nights"), ("why", "7")):
        said = mistake(nightrank(*command, "--store", own_store))
        assert said.startswith(f"nightrank: {release}: cannot be opened (IO Error: ")
        assert said.endswith(f"the earlier ones are in {own_store / 'releases'}, and the next night publishes another")


def test_a_damaged_warehouse_is_named(own_store: Path, nightrank: NightRank) -> None:
    (own_store / "warehouse.duckdb").write_bytes(b"not a database" * 1000)

    for command in (("status",), ("nightly", "--plain"), ("train", "--plain")):
        said = mistake(nightrank(*command, "--store", own_store))
        assert said.startswith(f"nightrank: {own_store / 'warehouse.duckdb'}: is damaged (IO Error: ")
        assert re.search(r"; restore a copy of it .*: rm -f .* && cp -p .*/copies/warehouse-\d+\.duckdb ", said)


def test_a_damaged_page_of_the_warehouse_is_a_sentence(own_store: Path, nightrank: NightRank) -> None:
    file = own_store / "warehouse.duckdb"
    content = bytearray(file.read_bytes())
    content[12_288:] = bytes(len(content) - 12_288)
    file.write_bytes(content)

    for command in (("status",), ("nightly", "--plain", "--ds", "2025-03-21")):
        mistake(nightrank(*command, "--store", own_store))


def test_whoever_has_the_published_file_open_to_write_is_named(own_store: Path, nightrank: NightRank) -> None:
    program = "import duckdb, sys, time; con = duckdb.connect(sys.argv[1]); print('open', flush=True); time.sleep(60)"
    release = (own_store / "published.duckdb").resolve()
    release.chmod(0o644)
    with subprocess.Popen([sys.executable, "-c", program, str(release)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        said = nightrank("sql", "from nights", "--store", own_store)
        other.kill()

    message = mistake(said, 3)
    assert message.startswith(f"nightrank: {release}: another program has it open (IO Error: ")
    assert f"(PID {other.pid})" in message
    assert message.endswith("look with -readonly, as in: duckdb -readonly published.duckdb")


def test_a_full_disk_is_a_sentence_and_the_next_run_goes_through(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "bucket-0.making")

    with monkeypatch.context() as machine:
        machine.setattr("features.store.lake.write", full)
        said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert mistake(said) == (
        "nightrank: bucket-0.making: No space left on device; nothing is half-written: see what can go with: "
        "nightrank housekeeping --dry-run, make room, and run the same again"
    )
    assert nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store).code == 0


def test_what_duckdb_refuses_unexpectedly_is_a_sentence(own_store: Path, nightrank: NightRank) -> None:
    with duckdb.connect(str(own_store / "warehouse.duckdb")) as con:
        con.execute("alter table serving.rankings drop column sources")

    said = mistake(nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store))

    assert said.startswith("nightrank: add (features/rankings/rankings.py) did not go through: Binder Error: ")
    assert said.endswith("nothing is half-written, see what is built with: nightrank status")


def test_a_demo_where_no_folder_can_be_says_so(tmp_path: Path, nightrank: NightRank) -> None:
    (tmp_path / "file").write_text("mine")

    assert mistake(nightrank("demo", "--store", tmp_path / "file")) == (
        f"nightrank: {tmp_path / 'file'}: cannot be written (File exists); name another store with --store"
    )
    assert mistake(nightrank("demo", "--store", tmp_path / "file" / "below")) == (
        f"nightrank: {tmp_path / 'file' / 'below'}: cannot be written (Not a directory); "
        "name another store with --store"
    )
    assert (tmp_path / "file").read_text() == "mine"


LONG = "select sum(sin(one.range)) from range(1000000) as one, range(1000000) as other"


@pytest.mark.parametrize("stopped_by", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("words", "busy_with", "left"),
    [
        (
            ["status"],
            "features.read_status = lambda *_: (print('busy', flush=True), time.sleep(60))",
            "nothing was changed",
        ),
        (
            ["sql", LONG],
            "reader.fetch_answer = lambda *given: (print('busy', flush=True), answer(*given))",
            "nothing was changed",
        ),
        (
            ["nightly", "--plain"],
            "features.open_warehouse = lambda *_: (print('busy', flush=True), time.sleep(60))",
            "what was finished is kept, the same command builds the rest",
        ),
    ],
    ids=["python", "duckdb", "a night"],
)
def test_a_command_that_is_stopped_says_what_it_leaves_behind(
    walked_store: Path, words: list[str], busy_with: str, left: str, stopped_by: signal.Signals
) -> None:
    program = (
        "import signal, sys, time, features\n"
        "from features.publish import reader\n"
        "from flows import cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "answer = reader.fetch_answer\n"
        f"{busy_with}\n"
        f"sys.argv = ['nightrank', *{words}, '--store', {str(walked_store)!r}]\n"
        "cli.main()"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "busy\n"
        time.sleep(0.3)
        child.send_signal(stopped_by)
        _, said = child.communicate(timeout=20)
    finally:
        child.kill()

    assert (child.returncode, said) == (
        130,
        f"nightrank: stopped; {left}\n",
    )


def test_status_tells_a_watchdog_by_its_exit_code(walked_store: Path, nightrank: NightRank) -> None:
    assert nightrank("status", "--max-age", "30h", "--store", walked_store).code == 0
    too_old = nightrank("status", "--max-age", "0.0001h", "--store", walked_store)
    assert mistake(too_old).startswith("nightrank: the newest ranking is older than 0.0001h; run: nightrank nightly")
    assert nightrank("status", "--max-age", "soon", "--store", walked_store).code == 2


@pytest.fixture
def store_to_look_at(walked_store: Path, nightrank: NightRank) -> Iterator[Path]:
    """A copy of the walked store that this process may read and not write, even where root runs the tests."""
    nightrank("status", "--store", walked_store)  # imports what only root may read on some machines
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    store = Path(shutil.copytree(walked_store, folder / "store", symlinks=True))
    for path in (store, *store.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    yield store
    if is_root:
        os.seteuid(0)
    for path in (store, *filter(Path.is_dir, store.rglob("*"))):
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_status_why_and_sql_work_on_a_store_that_cannot_be_written(
    store_to_look_at: Path, nightrank: NightRank
) -> None:
    with pytest.raises(PermissionError):
        (store_to_look_at / "new").touch()

    status = nightrank("status", "--store", store_to_look_at)
    spilling = "select hash(one.range) from range(1_000_000) as one order by all limit 1"

    assert "published  2025-03-20  OK  12 users, 60 rows" in status.out
    assert "champion" in status.out
    assert "purchases" in status.out
    assert nightrank("why", "7", "--store", store_to_look_at).code == 0
    assert nightrank("sql", spilling, "--store", store_to_look_at).code == 0


def test_a_look_leaves_the_lock_as_it_is(own_store: Path, nightrank: NightRank) -> None:
    (own_store / ".lock").write_text("whoever wrote last")

    assert nightrank("status", "--store", own_store).code == 0
    assert (own_store / ".lock").read_text() == "whoever wrote last"


def test_status_of_no_store_says_where_to_begin(tmp_path: Path, nightrank: NightRank) -> None:
    assert "there is no store here; begin with: nightrank demo" in mistake(nightrank("status", "--store", tmp_path))


def test_a_second_writer_is_told_who_is_writing(own_store: Path, nightrank: NightRank) -> None:
    program = (
        "import sys, time; from pathlib import Path; from features import Store, StoreConfig\n"
        f"with Store(Path({str(own_store)!r}), StoreConfig()).writing('nightrank train'):\n"
        "    print('writing', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)
        status = nightrank("status", "--store", own_store)
        other.kill()

    assert mistake(said, 3).endswith(f"nightrank train (process {other.pid}) is writing; try again when it is done")
    assert "published  2025-03-20" in status.out
    assert nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "2025-03-19", "2025-03-20"),
        ("backfill", "2025-03-19", "2025-03-20"),
        ("backfill", "2025-03-19", "2025-03-20", "--dry-run"),
        ("doctor",),
        ("housekeeping", "--dry-run"),
    ],
    ids=" ".join,
)
def test_a_command_that_meets_a_writer_waits_for_it(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("NIGHTRANK_STORE__WAIT_SECONDS", "60")
    store, began = Store(own_store, StoreConfig()), threading.Event()

    def write() -> None:
        with store.writing("nightrank nightly"):
            began.set()
            time.sleep(0.5)

    writer = threading.Thread(target=write)
    writer.start()
    began.wait()
    said = nightrank(*words, "--store", own_store)
    writer.join()

    assert said.code == 0, said.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "[ranking]\nkk = 5\n",
            "[ranking] has no setting kk; there are explain_top_k, max_per_shop, min_score, top_k",
        ),
        ("[rankings]\nk = 5\n", "[rankings] is not a section; there are store, ingest, sequences"),
        ("[ranking]\ntop_k = 'many'\n", "ranking.top_k: Input should be a valid integer"),
        ("[store]\ntimezone = 'Mars/Base'\n", "Mars/Base"),
        ("[store\n", "nightrank.toml"),
        ("[ranking]\ntop_k = -1\n", "ranking: top_k is -1; it must be at least 1"),
        ("[ranking]\nexplain_top_k = -1\n", "ranking: explain_top_k is -1; it must be at least 0"),
        ("[train]\nbatch_size = 0\n", "train: batch_size is 0; it must be at least 1"),
        ("[train]\nepochs = 0\n", "train: epochs is 0; it must be at least 1"),
        ("[train]\nlearning_rate = nan\n", "train: learning_rate is nan; it must be above 0"),
        ("[window]\neval_days = 0\n", "window: eval_days is 0; it must be at least 1"),
        ("[din]\nembedding_dim = 0\n", "din: embedding_dim is 0; it must be at least 1"),
        (
            "[din]\nattention_hidden_units = []\n",
            "din: attention_hidden_units is []; it must be at least one width, such as [32, 16]",
        ),
        ("[din]\nmlp_hidden_units = [8, 0]\n", "din: mlp_hidden_units is [8, 0]; it must be widths of at least 1"),
        ("[sequences]\ngoods_length = 0\n", "goods_length is 0; it must be at least 1"),
        ("[store]\nthreads = 0\n", "store: threads is 0; it must be at least 1"),
        ("[store]\nbuckets = 0\n", "store: buckets is 0; it must be at least 1"),
        ("[examples]\nnegatives_per_positive = -1\n", "examples: negatives_per_positive is -1; it must be at least 0"),
        ("[candidates]\nmax_per_user = 0\n", "candidates: max_per_user is 0; it must be at least 1"),
        ("[publish]\nkeep_releases = 0\n", "publish: keep_releases is 0; it must be at least 1"),
        (
            "[store]\nmemory_limit = 'lots'\n",
            "store: memory_limit is 'lots'; it must be a number with MB, GB or TB, such as 2GB",
        ),
        ("[store]\ntemp_limit = '1001TB'\n", "store: temp_limit is '1001TB'; it must be at most 1000TB"),
        (
            "[ranking]\ntop_k = 99999999999999999999\n",
            "ranking: top_k is 99999999999999999999; it must be at most 1000000",
        ),
        ("[ranking]\ntop_k = true\n", "[ranking] top_k is true; it must be a number"),
        ("[candidates.quotas]\npopular = true\n", "[candidates] quotas.popular is true; it must be a number"),
        ("[din]\nmlp_hidden_units = [true, 8]\n", "[din] mlp_hidden_units is [true, 8]; it must be a number"),
        ("[candidates.quotas]\npopular = 1000001\n", "quotas.popular is 1000001; it must be at most 1000000"),
        ("[window]\ntrain_days = 36501\n", "window: train_days is 36501; it must be at most 36500"),
        ("[store]\nwait_seconds = inf\n", "store: wait_seconds is inf; it must be at most 31536000"),
        ("[publish]\nmax_psi = nan\n", "publish: max_psi is nan; it must be at least 0"),
    ],
)
def test_a_setting_that_is_not_understood_is_named(
    tmp_path: Path, nightrank: NightRank, content: str, message: str
) -> None:
    (tmp_path / "nightrank.toml").write_text(content)

    assert message in mistake(nightrank("train", "--plain", "--store", tmp_path))


def test_a_flow_stopped_by_a_mistake_prints_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", "nightly", "--plain", "--store", str(tmp_path / "s")],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("nightrank: ")
