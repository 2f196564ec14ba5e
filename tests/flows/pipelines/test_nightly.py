"""The night as a whole: what is built, what is kept, what stops it."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

import din
import features
import flows.pipelines.nightly
import flows.pipelines.training
from flows.pipelines.nightly import run_nights, utc_now
from flows.pipelines.training import run_training
from flows.runtime import steps
from flows.runtime.timeouts import TimeoutExceeded
from flows.settings import load_settings, open_store
from tests.conftest import Said, write_events
from tests.flows.runtime.test_steps import stale_once

NightRank = Callable[..., Said]


def digest(root: Path) -> list[tuple]:
    with duckdb.connect(str(root / "published.duckdb"), read_only=True) as con:
        found = con.execute("from rankings order by ds, user_id, rank").fetchall()
        return found + con.execute("from why order by all").fetchall()


def test_a_published_night_is_not_ranked_again(own_store: Path, nightrank: NightRank) -> None:
    before = (own_store / "published.duckdb").resolve()

    said = nightrank("nightly", "--plain", "--ds", "2025-03-20", "--store", own_store)

    assert (said.code, said.out) == (0, "nothing to do: published already\n")
    assert (own_store / "published.duckdb").resolve() == before


def test_the_nights_between_are_ranked_too(own_store: Path, walked_store: Path) -> None:
    store = open_store(own_store, load_settings(own_store))
    with features.open_warehouse(store, "a test", utc_now) as warehouse:
        warehouse.con.execute("delete from ops.nights where ds >= '2025-03-19'")
        warehouse.con.execute("delete from ops.runs where ds >= '2025-03-19'")

    results = run_nights(own_store, date(2025, 3, 20))

    assert [(result.ds, result.status, result.rows) for result in results] == [
        (date(2025, 3, 19), "OK", 60),
        (date(2025, 3, 20), "OK", 60),
    ]
    assert digest(own_store) == digest(walked_store)


def test_a_night_without_events_still_ranks_and_warns(own_store: Path, nightrank: NightRank) -> None:
    said = nightrank("nightly", "--plain", "--ds", "2025-03-22", "--store", own_store, "--json")

    assert said.code == 0
    assert [(night["ds"], night["status"]) for night in json.loads(said.out)] == [
        ("2025-03-21", "OK"),
        ("2025-03-22", "OK_WITH_WARNINGS"),
    ]
    assert "check_broken check=day_had_events severity=warn rows=1" in said.err


def test_new_events_of_the_source_are_read_on(own_store: Path, walked_store: Path) -> None:
    path = walked_store.parent / "purchases.parquet"
    whole = path.read_bytes()
    rows = duckdb.connect().execute("from read_parquet(?)", [str(path)]).fetchall()
    write_events(path, [*rows, (99, 100, 2, "buy", "2025-03-23 10:00:00")])
    try:
        run_nights(own_store, date(2025, 3, 23))
    finally:
        path.write_bytes(whole)

    with duckdb.connect(str(own_store / "published.duckdb"), read_only=True) as con:
        assert con.execute("select goods_ids from goods_sequences where user_id = 99").fetchall() == [([100],)]
        assert con.execute("select count(*) from latest_rankings where user_id = 99").fetchall() == [(5,)]


def test_a_check_that_stops_keeps_yesterday(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(own_store)
    real = din.rank

    def all_equal(*given: object, **named: object) -> tuple:
        ranked, weights = real(*given, **named)  # type: ignore[arg-type]
        return ranked._replace(score=ranked.score * 0 + 0.5), weights

    monkeypatch.setattr(din, "rank", all_equal, raising=False)
    said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert said.code == 4
    assert "the ranking of 2025-03-21 breaks a promise and is not published; yesterday stays" in said.err
    assert "sql/checks/scores_differ.sql: 1 row(s)" in said.err
    assert digest(own_store) == before
    status = nightrank("status", "--store", own_store)
    assert status.code == 4
    assert "2025-03-21  FAILED_KEPT_YESTERDAY: scores_differ" in status.out
    assert "last tried 2025-03-21  FAILED_KEPT_YESTERDAY\n           in publish: the ranking of" in status.out
    assert "           do: scores_differ: train again with nightrank train; a model whose" in status.out

    monkeypatch.undo()
    assert nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store).code == 0
    assert nightrank("status", "--store", own_store).code == 0


def test_a_night_that_breaks_in_the_middle_is_told_and_mended(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(own_store)

    def broken(*_: object, **__: object) -> None:
        raise features.FeatureError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(din, "rank", broken, raising=False)
        said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert (said.code, said.err.splitlines()[-1]) == (1, "nightrank: the disk is full")
    assert digest(own_store) == before
    problems = json.loads(nightrank("status", "--json", "--store", own_store).out)["parts"]["problems"]
    assert [(row["asset"], row["status"], row["error"]) for row in problems] == [
        ("rankings", "failed", "FeatureError: the disk is full")
    ]
    assert nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store).code == 0
    assert json.loads(nightrank("status", "--json", "--store", own_store).out)["parts"]["problems"] == []


def test_a_worse_model_does_not_become_champion(own_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTRANK_TRAIN__LEARNING_RATE", "1e-9")

    [_, record] = run_training(own_store, date(2025, 3, 20))

    assert not record.champion
    with duckdb.connect(str(own_store / "warehouse.duckdb"), read_only=True) as con:
        assert con.execute("select ds from ops.models where champion").fetchall() == [(date(2025, 3, 17),)]


def test_training_again_gives_the_same_model(own_store: Path) -> None:
    with duckdb.connect(str(own_store / "warehouse.duckdb"), read_only=True) as con:
        before = con.execute("select model_id from ops.models order by all").fetchall()

    records = run_training(own_store, date(2025, 3, 17))

    assert sorted((record.model_id,) for record in records) == before


def test_what_a_model_was_measured_on_comes_after_what_it_learned_from(own_store: Path) -> None:
    record = json.loads(next((own_store / "models").glob("din-*/model.json")).read_text())

    assert (record["ds"], record["window"]) == ("2025-03-17", {"train_days": 8, "valid_days": 2, "eval_days": 3})


def ranked(root: Path) -> list[tuple]:
    """What is ranked, whichever run ranked it."""
    with duckdb.connect(str(root / "published.duckdb"), read_only=True) as con:
        found = con.execute("select * exclude (run_id) from rankings order by ds, user_id, rank").fetchall()
        return found + con.execute("select ds, status, users, rows, model_id from nights order by ds").fetchall()


@pytest.fixture
def undisturbed(walked_store: Path, tmp_path: Path) -> list[tuple]:
    """What the next night ranks where nothing comes in between."""
    root = Path(shutil.copytree(walked_store, tmp_path / "undisturbed", symlinks=True))
    run_nights(root, date(2025, 3, 21))
    return ranked(root)


def test_a_night_killed_before_its_flip_is_published_by_the_next_run(
    own_store: Path, nightrank: NightRank, undisturbed: list[tuple]
) -> None:
    killed_nightly(own_store, "features.publish_release = die")
    problems = told_problems(own_store, nightrank)

    said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert problems == [
        ("night", "2025-03-21", "interrupted", "ranked by nightly-2025-03-21-1, not published"),
        ("run of nightly", "2025-03-21", "interrupted", "nightly-2025-03-21-1 came to no end"),
    ]
    assert said.out.startswith("2025-03-21  OK  12 users, 60 rows")
    assert ranked(own_store) == undisturbed
    assert told_problems(own_store, nightrank) == []
    assert sorted(path.name for path in (own_store / "releases").iterdir()) == [
        "nightly-2025-03-19-1.duckdb",
        "nightly-2025-03-20-1.duckdb",
        "nightly-2025-03-21-2.duckdb",
    ]


def test_a_night_killed_when_all_of_it_was_done_leaves_no_run_without_an_end(
    own_store: Path, nightrank: NightRank
) -> None:
    killed_nightly(own_store, "features.prune_releases = die")

    said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert (said.code, said.out) == (0, "nothing to do: published already\n")
    assert told_problems(own_store, nightrank) == []


def test_a_night_killed_right_after_its_flip_is_recognised_as_published(
    own_store: Path, nightrank: NightRank, undisturbed: list[tuple]
) -> None:
    killed_nightly(
        own_store, "flip = features.publish_release; features.publish_release = lambda *given: (flip(*given), die())"
    )
    assert ranked(own_store) == undisturbed

    said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert (said.code, said.out) == (0, "nothing to do: published already\n")
    assert "night_recognised ds=2025-03-21" in said.err
    assert ranked(own_store) == undisturbed
    assert told_problems(own_store, nightrank) == []
    assert "published  2025-03-21  OK" in nightrank("status", "--store", own_store).out


def test_a_flip_that_fails_is_no_check_that_stopped_and_is_made_good(
    own_store: Path, nightrank: NightRank, undisturbed: list[tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise features.FeatureError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(features, "publish_release", broken)
        assert nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store).code == 1
    status = nightrank("status", "--store", own_store)

    assert status.code == 0
    assert "stopped" not in status.out
    assert "published  2025-03-20  OK" in status.out
    run_nights(own_store, date(2025, 3, 21))
    assert ranked(own_store) == undisturbed


def killed_nightly(root: Path, patch: str) -> None:
    """Ranks the night of 2025-03-21 in a process that dies where `patch` makes it."""
    program = (
        "import os, features\nfrom datetime import date\nfrom pathlib import Path\n"
        "def die(*_): os._exit(9)\n"
        f"{patch}\n"
        "from flows.pipelines.nightly import run_nights\n"
        f"run_nights(Path({str(root)!r}), date(2025, 3, 21))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 9


def told_problems(root: Path, nightrank: NightRank) -> list[tuple]:
    parts = json.loads(nightrank("status", "--json", "--store", root).out)["parts"]
    return [tuple(problem.values()) for problem in parts["problems"]]


def test_an_interrupted_night_in_between_keeps_no_later_night_from_being_published(
    own_store: Path, nightrank: NightRank
) -> None:
    store = open_store(own_store, load_settings(own_store))
    with features.open_warehouse(store, "a test", utc_now) as warehouse:
        warehouse.con.execute("update ops.nights set status = 'RANKED', published_at = null where ds = '2025-03-19'")

    results = run_nights(own_store, date(2025, 3, 21))

    assert [(result.ds, result.status) for result in results] == [(date(2025, 3, 21), "OK")]
    assert [problem[:3] for problem in told_problems(own_store, nightrank)] == [("night", "2025-03-19", "interrupted")]


def test_a_night_that_ranks_nothing_keeps_yesterday(own_store: Path, nightrank: NightRank) -> None:
    before = digest(own_store)
    catalogue = own_store / "sold_out.sql"
    catalogue.write_text("select unnest(range(100, 201)) as goods_id, false as active")
    assert nightrank("ingest", catalogue, "--as", "goods", "--store", own_store).code == 0

    said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert said.code == 1
    assert "(excluded: 180 inactive); look at the quotas, the block list and the goods catalogue" in said.err
    assert digest(own_store) == before


def test_an_older_night_is_ranked_by_a_model_of_its_time_and_published_beside_the_newer(
    own_store: Path, nightrank: NightRank
) -> None:
    before = digest(own_store)
    refused = nightrank("nightly", "--plain", "--ds", "2025-03-16", "--store", own_store)
    assert refused.err.strip().endswith(
        f"train one for that night first: nightrank train --ds 2025-03-16 --store {own_store}"
    )

    [_, record] = run_training(own_store, date(2025, 3, 16))
    said = nightrank("nightly", "--plain", "--ds", "2025-03-16", "--store", own_store)

    assert (record.champion, said.code) == (True, 0)
    assert [row for row in digest(own_store) if row[0] > date(2025, 3, 16)] == before
    with duckdb.connect(str(own_store / "published.duckdb"), read_only=True) as con:
        assert con.execute("select ds, count(*), any_value(model_id) from rankings group by ds order by ds").fetchall()[
            0
        ] == (date(2025, 3, 16), 60, record.model_id)
        assert con.execute("select ds from models where champion").fetchall() == [(date(2025, 3, 17),)]
        assert con.execute("select distinct ds from goods_sequences").fetchall() == [(date(2025, 3, 20),)]
    [tonight] = run_nights(own_store, date(2025, 3, 21))
    assert tonight.model_id.startswith("din-2025-03-17")


def test_an_older_night_than_a_release_holds_is_refused_with_what_to_set(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTRANK_PUBLISH__RANKING_NIGHTS", "3")

    said = nightrank("nightly", "--plain", "--ds", "2025-03-17", "--store", own_store)

    assert said.code == 1
    assert said.err.strip().endswith(
        "2025-03-17 is older than the 3 nights up to 2025-03-20 that published.duckdb holds; "
        "to rank it, set publish.ranking_nights to 4 or more"
    )


def test_a_champion_stays_one_when_it_is_trained_again_as_the_baseline(
    own_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("NIGHTRANK_DIN__POOLING", "mean")
        [mean] = run_training(own_store, date(2025, 3, 16))
    monkeypatch.setattr(flows.pipelines.training, "champion_gauc", lambda *_: 1.0)

    records = run_training(own_store, date(2025, 3, 16))

    assert [(record.pooling, record.champion) for record in records] == [("mean", False), ("din", False)]
    store = open_store(own_store, load_settings(own_store))
    with features.open_warehouse(store, "a test", utc_now) as warehouse:
        assert features.champion_id(warehouse, date(2025, 3, 16)) == mean.model_id


def test_a_model_over_a_baseline_worse_than_chance_has_no_rela_impr(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = din.evaluate
    monkeypatch.setattr(din, "evaluate", lambda *given: replace(real(*given), gauc=0.45), raising=False)

    run_training(own_store, date(2025, 3, 19))

    said = nightrank("status", "--store", own_store)
    assert "GAUC 0.4500, mean pooling 0.4500, RelaImpr —\n" in said.out
    champion = json.loads(nightrank("status", "--json", "--store", own_store).out)["parts"]["champion"]
    assert [model["rela_impr"] for model in champion] == [None]


def test_many_missed_nights_are_caught_up_in_few_steps(own_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []

    def counted(stage: Callable) -> Callable:
        taken.append(stage.__name__)
        return stage

    def no_night(_warehouse: object, _settings: object, ds: date, step: Callable, _tell: object) -> date:
        step(flows.pipelines.nightly.publish)
        return ds

    monkeypatch.setattr(flows.pipelines.nightly, "rank_night", no_night)

    results = run_nights(own_store, date(2025, 12, 31), counted)

    assert results == [date(2025, 3, 21) + timedelta(days=n) for n in range(286)]
    assert taken == ["ingest_new_days"] + ["catch_up"] * 19 + ["publish"]


@pytest.mark.prefect
def test_the_flows_run_through_prefect_and_give_what_plain_gives(
    own_store: Path, walked_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.client.orchestration import get_client
    from prefect.testing.utilities import prefect_test_harness

    monkeypatch.setattr(steps, "FIRST_WAIT_SECONDS", 0.1)
    stale_once(monkeypatch, "candidates")
    with prefect_test_harness(server_startup_timeout=120):
        from flows.deployments.flows import nightly, train

        records = train(str(own_store), date(2025, 3, 17))
        results = nightly(str(own_store), date(2025, 3, 21))
        with get_client(sync_client=True) as client:
            artifacts = client.read_artifacts()
        monkeypatch.setattr(features, "build_histories", lambda *_: time.sleep(60))
        monkeypatch.setenv("NIGHTRANK_TIMEOUTS__NIGHT_SECONDS", "1")
        with pytest.raises(TimeoutExceeded, match="stopped in histories after 1 seconds"):
            nightly(str(own_store), date(2025, 3, 22))

    assert [record.pooling for record in records] == ["mean", "din"]
    assert [(result.ds, result.status) for result in results] == [(date(2025, 3, 21), "OK")]
    assert [str(artifact.data).splitlines()[0] for artifact in artifacts] == ["# 2025-03-21: OK"]
    plain = [row for row in digest(own_store) if row[0] < date(2025, 3, 21)]
    assert plain == digest(walked_store)
