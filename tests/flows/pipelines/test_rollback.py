"""Going back to an earlier night: what people see, what the next night does, and what a kill leaves."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from flows.pipelines.nightly import run_nights
from tests.conftest import Said

NightRank = Callable[..., Said]


def seen(root: Path) -> list[tuple]:
    """The nights that people have rankings of."""
    with duckdb.connect(str(root / "published.duckdb"), read_only=True) as con:
        return [ds.isoformat() for (ds,) in con.execute("select distinct ds from rankings order by ds").fetchall()]


def recorded(root: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def statuses(root: Path) -> list[str]:
    return [status for (status,) in recorded(root, "select status from ops.nights order by ds")]


def rolled_back(root: Path, nightrank: NightRank, to: str = "2025-03-19") -> Said:
    return nightrank("rollback", "--to", to, "--reason", "bread for all", "--store", root)


def killed_rollback(root: Path, patch: str, day: int = 19) -> None:
    """Goes back to 2025-03-19 in a process that dies where `patch` makes it."""
    program = (
        "import os\nfrom datetime import date\nfrom pathlib import Path\n"
        "from features.publish import rollback\nfrom flows.pipelines.maintenance import run_rollback\n"
        "def die(*_): os._exit(9)\n"
        f"{patch}\n"
        f"run_rollback(Path({str(root)!r}), date(2025, 3, {day}), 'bread for all')"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 9


def test_an_earlier_night_is_what_people_see_again_and_nothing_is_deleted(
    own_store: Path, nightrank: NightRank
) -> None:
    before = recorded(own_store, "from serving.rankings order by all")
    files = sorted(path.name for path in (own_store / "releases").iterdir())

    said = rolled_back(own_store, nightrank)

    there = f"--store {own_store}"
    assert said.code == 0, said.err
    assert said.out.splitlines() == [
        "2025-03-19 is published, from releases/nightly-2025-03-19-1.duckdb",
        "taken back     2025-03-20",
        f"next           nightrank nightly {there} ranks the night after, without these, by the same model",
        f"to build them  nightrank backfill 2025-03-20 2025-03-20 --mode failed --reason WHY {there}",
    ]
    assert seen(own_store) == ["2025-03-18", "2025-03-19"]
    assert statuses(own_store) == ["OK", "OK", "ROLLED_BACK"]
    assert recorded(own_store, "from serving.rankings order by all") == before
    assert sorted(path.name for path in (own_store / "releases").iterdir()) == files
    assert recorded(own_store, "select run_id, status, reason from ops.runs where command = 'rollback'") == [
        ("rollback-2025-03-19-1", "done", "bread for all")
    ]


def test_status_tells_what_is_published_and_what_was_rolled_back_and_why(own_store: Path, nightrank: NightRank) -> None:
    rolled_back(own_store, nightrank)

    said = nightrank("status", "--store", own_store)

    assert "published  2025-03-19  OK" in said.out
    assert "rolled back 2025-03-20  by rollback-2025-03-19-1: bread for all\n" in said.out
    assert said.code == 0


def test_the_next_night_is_published_without_the_one_that_was_rolled_back(
    own_store: Path, nightrank: NightRank
) -> None:
    rolled_back(own_store, nightrank)

    said = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert said.out.startswith("2025-03-21  OK  12 users, 60 rows"), said
    assert seen(own_store) == ["2025-03-18", "2025-03-19", "2025-03-21"]
    assert statuses(own_store) == ["OK", "OK", "ROLLED_BACK", "OK"]
    assert "rolled back" not in nightrank("status", "--store", own_store).out
    assert recorded(own_store, "select ds from serving.outcomes where ds = '2025-03-21'") == []


def test_the_same_night_asked_for_again_stays_rolled_back(own_store: Path, nightrank: NightRank) -> None:
    rolled_back(own_store, nightrank)

    said = nightrank("nightly", "--plain", "--ds", "2025-03-20", "--store", own_store)

    assert said.out.startswith("2025-03-20  ROLLED_BACK  12 users, 60 rows, 0.0 s, din-")
    assert "nightrank backfill 2025-03-20 2025-03-20 --mode failed --reason WHY" in said.err
    assert seen(own_store) == ["2025-03-18", "2025-03-19"]


@pytest.mark.parametrize("mode", ["missing", "failed", "stale", "all"])
def test_no_backfill_without_a_reason_brings_it_back(own_store: Path, nightrank: NightRank, mode: str) -> None:
    rolled_back(own_store, nightrank)

    planned = nightrank("backfill", "2025-03-20", "2025-03-20", "--mode", mode, "--dry-run", "--store", own_store)

    assert "rankings" not in planned.out


def test_a_backfill_with_a_reason_builds_and_publishes_it_anew(own_store: Path, nightrank: NightRank) -> None:
    rolled_back(own_store, nightrank)
    plan = nightrank("plan", "2025-03-20", "2025-03-20", "--store", own_store)
    told = ["backfill", "2025-03-20", "2025-03-20", "--mode", "failed", "--reason", "mended", "--store", own_store]

    said = nightrank(*told)

    assert "2025-03-20  rankings         rolled_back  rolled back: built again only with --reason" in plan.out
    assert said.out == "2025-03-20  rankings         built\n"
    assert statuses(own_store) == ["OK", "OK", "OK"]
    assert (own_store / "published.duckdb").readlink() == Path("releases/nightly-2025-03-20-2.duckdb")


def test_going_forward_again_brings_the_nights_back_as_they_were(own_store: Path, nightrank: NightRank) -> None:
    nights = recorded(own_store, "from ops.nights order by ds")
    rolled_back(own_store, nightrank, "2025-03-18")
    assert statuses(own_store) == ["OK", "ROLLED_BACK", "ROLLED_BACK"]

    said = rolled_back(own_store, nightrank, "2025-03-20")

    assert "back again     2025-03-19, 2025-03-20\n" in said.out
    assert recorded(own_store, "from ops.nights order by ds") == nights
    assert seen(own_store) == ["2025-03-18", "2025-03-19", "2025-03-20"]


def test_the_same_rollback_twice_changes_nothing(own_store: Path, nightrank: NightRank) -> None:
    rolled_back(own_store, nightrank)
    nights = recorded(own_store, "from ops.nights order by ds")

    again = rolled_back(own_store, nightrank)

    assert again.out == "2025-03-19 is published, from releases/nightly-2025-03-19-1.duckdb\n"
    assert recorded(own_store, "from ops.nights order by ds") == nights


def test_a_night_that_no_release_ends_with_is_said_with_what_can_be_done(own_store: Path, nightrank: NightRank) -> None:
    (own_store / "releases" / "nightly-2025-03-19-1.duckdb").unlink()

    between, before = (rolled_back(own_store, nightrank, to) for to in ("2025-03-19", "2025-03-01"))

    assert (between.code, before.code) == (1, 1)
    there_are = "no kept release ends with it; there are 2025-03-18, 2025-03-20 (published)"
    assert between.err.endswith(
        f"nightrank: 2025-03-19: {there_are}\ngo back to the one before it and build the nights after that again: "
        f"nightrank rollback --to 2025-03-18 --store {own_store}, "
        f"then: nightrank backfill 2025-03-19 2025-03-19 --mode failed --reason WHY --store {own_store}\n"
    )
    assert f"nightrank: 2025-03-01: {there_are}\nolder ones are gone" in before.err
    assert seen(own_store) == ["2025-03-18", "2025-03-19", "2025-03-20"]


def test_what_is_said_for_a_night_between_two_releases_works(own_store: Path, nightrank: NightRank) -> None:
    (own_store / "releases" / "nightly-2025-03-19-1.duckdb").unlink()
    rolled_back(own_store, nightrank, "2025-03-18")

    nightrank(
        *["backfill", "2025-03-19", "2025-03-19", "--mode", "failed", "--reason", "only so far", "--store", own_store]
    )

    assert seen(own_store) == ["2025-03-18", "2025-03-19"]
    assert statuses(own_store) == ["OK", "OK", "ROLLED_BACK"]


def test_a_release_that_breaks_a_promise_is_not_published(own_store: Path, nightrank: NightRank) -> None:
    release = own_store / "releases" / "nightly-2025-03-19-1.duckdb"
    release.chmod(0o644)
    with duckdb.connect(str(release)) as con:
        con.execute("update rankings set score = 2 where user_id = 7 and rank = 1")

    said = rolled_back(own_store, nightrank)

    assert said.code == 4
    assert "sql/checks/score_is_a_probability.sql: " in said.err
    assert seen(own_store) == ["2025-03-18", "2025-03-19", "2025-03-20"]
    assert statuses(own_store) == ["OK", "OK", "OK"]


def test_a_release_of_an_earlier_version_is_not_asked_for_columns_that_it_has_not(
    own_store: Path, nightrank: NightRank
) -> None:
    release = own_store / "releases" / "nightly-2025-03-19-1.duckdb"
    release.chmod(0o644)
    with duckdb.connect(str(release)) as con:
        con.execute("drop table drift")

    said = rolled_back(own_store, nightrank)

    assert said.code == 0, said.err
    assert seen(own_store) == ["2025-03-18", "2025-03-19"]


def test_a_release_with_a_damaged_block_is_not_published(own_store: Path, nightrank: NightRank) -> None:
    release = own_store / "releases" / "nightly-2025-03-19-1.duckdb"
    release.chmod(0o644)
    whole = release.read_bytes()
    size = 256 * 1024
    release.write_bytes(whole[: 3 * 4096] + bytes(255 - byte for byte in whole[3 * 4096 :][:size]) + whole[size:])

    said = rolled_back(own_store, nightrank)

    assert (said.code, "Traceback" in said.err) == (1, False)
    assert seen(own_store) == ["2025-03-18", "2025-03-19", "2025-03-20"]


def test_a_release_that_a_killed_run_never_closed_is_none_to_go_back_to(own_store: Path, nightrank: NightRank) -> None:
    release = own_store / "releases" / "nightly-2025-03-19-1.duckdb"
    half = own_store / "releases" / "nightly-2025-03-20-9.duckdb"
    half.write_bytes((own_store / "releases" / "nightly-2025-03-20-1.duckdb").read_bytes())
    with duckdb.connect(str(half)) as con:
        con.execute("update nights set status = 'RANKED', published_at = null where ds = '2025-03-20'")

    said = rolled_back(own_store, nightrank)

    assert said.code == 0
    assert (own_store / "published.duckdb").resolve() == release.resolve()


def test_a_rollback_killed_before_its_flip_has_changed_nothing_and_is_closed_by_the_next_command(
    own_store: Path, nightrank: NightRank
) -> None:
    killed_rollback(own_store, "rollback.publish_release = die")
    assert seen(own_store) == ["2025-03-18", "2025-03-19", "2025-03-20"]

    assert run_nights(own_store, date(2025, 3, 20)) == []

    assert statuses(own_store) == ["OK", "OK", "OK"]
    assert recorded(own_store, "select status, error from ops.runs where command = 'rollback'") == [
        ("failed", "killed before it changed anything")
    ]
    assert rolled_back(own_store, nightrank).code == 0


def test_a_rollback_killed_right_after_its_flip_is_made_good_by_the_next_night(
    own_store: Path, nightrank: NightRank
) -> None:
    killed_rollback(
        own_store, "flip = rollback.publish_release; rollback.publish_release = lambda *given: (flip(*given), die())"
    )
    assert seen(own_store) == ["2025-03-18", "2025-03-19"]
    assert statuses(own_store) == ["OK", "OK", "OK"]

    [night] = run_nights(own_store, date(2025, 3, 21))

    assert (night.ds, night.status) == (date(2025, 3, 21), "OK")
    assert seen(own_store) == ["2025-03-18", "2025-03-19", "2025-03-21"]
    assert statuses(own_store) == ["OK", "OK", "ROLLED_BACK", "OK"]
    assert recorded(own_store, "select status, reason from ops.runs where command = 'rollback'") == [
        ("done", "bread for all")
    ]


def test_a_rollback_killed_right_after_its_flip_may_be_typed_again(own_store: Path, nightrank: NightRank) -> None:
    killed_rollback(
        own_store, "flip = rollback.publish_release; rollback.publish_release = lambda *given: (flip(*given), die())"
    )

    assert rolled_back(own_store, nightrank).code == 0

    assert statuses(own_store) == ["OK", "OK", "ROLLED_BACK"]
    assert json.loads(nightrank("status", "--json", "--store", own_store).out)["parts"]["problems"] == []


def test_nights_ranked_again_since_the_release_are_told(own_store: Path, nightrank: NightRank) -> None:
    with duckdb.connect(str(own_store / "warehouse.duckdb")) as con:
        con.execute("update serving.rankings set run_id = 'nightly-2025-03-18-2' where ds = '2025-03-18'")

    said = rolled_back(own_store, nightrank)

    assert "ranked since   2025-03-18: the next release holds them anew\n" in said.out


def test_a_rollback_begins_no_store(tmp_path: Path, nightrank: NightRank) -> None:
    said = rolled_back(tmp_path / "nowhere", nightrank)

    assert (said.code, "there is no store here" in said.err) == (1, True)
    assert not (tmp_path / "nowhere").exists()


def test_going_forward_killed_right_after_its_flip_is_made_good_too(own_store: Path, nightrank: NightRank) -> None:
    assert rolled_back(own_store, nightrank).code == 0
    killed_rollback(own_store, "rollback.sync_warehouse_with_release = die", day=20)

    run_nights(own_store, date(2025, 3, 21))

    assert statuses(own_store) == ["OK", "OK", "OK", "OK"]
    assert seen(own_store) == ["2025-03-18", "2025-03-19", "2025-03-20", "2025-03-21"]


def test_going_back_to_a_release_takes_back_what_it_does_not_hold_though_it_is_older(
    own_store: Path, nightrank: NightRank
) -> None:
    assert rolled_back(own_store, nightrank).code == 0
    run_nights(own_store, date(2025, 3, 21))  # without 2025-03-20
    assert rolled_back(own_store, nightrank, "2025-03-20").code == 0

    assert rolled_back(own_store, nightrank, "2025-03-21").code == 0

    assert statuses(own_store) == ["OK", "OK", "ROLLED_BACK", "OK"]
    assert seen(own_store) == ["2025-03-18", "2025-03-19", "2025-03-21"]


def test_the_release_that_was_gone_back_to_is_kept_by_the_next_night(own_store: Path, nightrank: NightRank) -> None:
    assert rolled_back(own_store, nightrank, "2025-03-18").code == 0
    run_nights(own_store, date(2025, 3, 21))

    again = rolled_back(own_store, nightrank, "2025-03-18")

    assert again.code == 0, again.err
    assert seen(own_store) == ["2025-03-18"]
