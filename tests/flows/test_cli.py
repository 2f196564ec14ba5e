"""The command line: what it prints, and what it says of a mistake. Never a traceback, nothing half-written."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

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


def test_a_missing_file_is_named(purchases: Path, nightrank: NightRank) -> None:
    said = nightrank("ingest", purchases / "purchases.sql", "--path", "nowhere.parquet", "--store", purchases / "s")

    assert mistake(said) == (
        'nightrank: source purchases: IO Error: No files found that match the pattern "nowhere.parquet"; '
        "say where the file is with --path"
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

    assert mistake(said) == "nightrank: no model yet; train one first: nightrank train --ds 2025-03-01"


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


def test_why_as_json_gives_the_rows(walked_store: Path, nightrank: NightRank) -> None:
    rows = json.loads(nightrank("why", "7", "--json", "--store", walked_store).out)

    assert {row["part"] for row in rows} == {"goods", "shop"}
    assert {row["user_id"] for row in rows} == {7}


def test_a_user_nobody_knows_is_refused_with_some_that_are_known(walked_store: Path, nightrank: NightRank) -> None:
    said = nightrank("why", "4711", "--store", walked_store)

    assert mistake(said) == "nightrank: user_id 4711 is not in the newest ranking; there are, for example: 1, 2, 3"


def test_why_before_anything_is_published_says_what_to_run(tmp_path: Path, nightrank: NightRank) -> None:
    assert mistake(nightrank("why", "1", "--store", tmp_path)).endswith(
        "nothing is published yet; rank a night first: nightrank nightly"
    )


def test_sql_answers_as_a_table_and_as_json(walked_store: Path, nightrank: NightRank) -> None:
    query = "select ds::varchar as ds, count(*) as rows from rankings group by all order by ds limit 1"

    assert json.loads(nightrank("sql", query, "--json", "--store", walked_store).out) == [
        {"ds": "2025-03-18", "rows": 60}
    ]
    assert "2025-03-18" in nightrank("sql", query, "--store", walked_store).out


@pytest.mark.parametrize(
    "query",
    [
        "from read_csv('/etc/passwd')",
        "from '/etc/passwd'",
        "copy rankings to '/tmp/stolen.csv'",
        "delete from rankings",
        "attach '/tmp/other.duckdb'",
        "set enable_external_access = true",
        "selec 1",
    ],
)
def test_sql_cannot_write_nor_read_anything_else(walked_store: Path, nightrank: NightRank, query: str) -> None:
    mistake(nightrank("sql", query, "--store", walked_store))


def test_status_tells_a_watchdog_by_its_exit_code(walked_store: Path, nightrank: NightRank) -> None:
    assert nightrank("status", "--max-age", "30h", "--store", walked_store).code == 0
    too_old = nightrank("status", "--max-age", "0.0001h", "--store", walked_store)
    assert mistake(too_old).startswith("nightrank: the newest ranking is older than 0.0001h; run: nightrank nightly")
    assert nightrank("status", "--max-age", "soon", "--store", walked_store).code == 2


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


@pytest.mark.parametrize("command", ["plan", "backfill", "compare", "report", "rollback", "forget", "doctor"])
def test_what_is_not_there_yet_says_so(command: str, nightrank: NightRank) -> None:
    assert mistake(nightrank(command, "something"), 2) == f"nightrank: {command}: not yet"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[ranking]\nkk = 5\n", "[ranking] has no setting kk; there are k, why_goods, why_history"),
        ("[rankings]\nk = 5\n", "[rankings] is not a section; there are store, ingest, sequences"),
        ("[ranking]\nk = 'many'\n", "ranking.k: Input should be a valid integer"),
        ("[store]\ntimezone = 'Mars/Base'\n", "Mars/Base"),
        ("[store\n", "nightrank.toml"),
        ("[ranking]\nk = -1\n", "ranking: k is -1; it must be at least 1"),
        ("[ranking]\nwhy_goods = -1\n", "ranking: why_goods is -1; it must be at least 0"),
        ("[train]\nbatch_size = 0\n", "train: batch_size is 0; it must be at least 1"),
        ("[train]\nepochs = 0\n", "train: epochs is 0; it must be at least 1"),
        ("[train]\nlearning_rate = nan\n", "train: learning_rate is nan; it must be above 0"),
        ("[window]\neval_days = 0\n", "window: eval_days is 0; it must be at least 1"),
        ("[din]\ndimension = 0\n", "din: dimension is 0; it must be at least 1"),
        (
            "[din]\nattention_widths = []\n",
            "din: attention_widths is []; it must be at least one width, such as [32, 16]",
        ),
        ("[din]\ntop_widths = [8, 0]\n", "din: top_widths is [8, 0]; it must be widths of at least 1"),
        ("[din]\nhalf_life_days = 0\n", "din: half_life_days is 0.0; it must be above 0"),
        ("[sequences]\ngoods_length = 0\n", "goods_length is 0; it must be at least 1"),
        ("[store]\nthreads = 0\n", "store: threads is 0; it must be at least 1"),
        ("[store]\nbuckets = 0\n", "store: buckets is 0; it must be at least 1"),
        ("[examples]\nnegatives = -1\n", "examples: negatives is -1; it must be at least 0"),
        ("[candidates]\nper_user = 0\n", "candidates: per_user is 0; it must be at least 1"),
        ("[publish]\nkeep_releases = 0\n", "publish: keep_releases is 0; it must be at least 1"),
        (
            "[store]\nmemory_limit = 'lots'\n",
            "store: memory_limit is 'lots'; it must be a number with MB, GB or TB, such as 2GB",
        ),
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
