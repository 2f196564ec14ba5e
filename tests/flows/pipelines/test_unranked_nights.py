"""Nights without a ranking: plan and backfill say why they have none, and what they print to type ranks them."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import QUERY, QUICK_SETTINGS, Said, month_of_events, write_events
from tests.flows.cli.test_plan_command import asked, change

NightRank = Callable[..., Said]
UNTRAINED = "no model was trained on the days up to this one"
NOTHING = {"backfill": "do", "housekeeping": "remove"}
EARLY = "too few days of events until then to train a model"


@pytest.fixture
def read_store(tmp_path: Path, nightrank: NightRank) -> Path:
    """A store that has read its events, and has neither a model nor a night."""
    root = tmp_path / "read"
    root.mkdir()
    (root / "nightrank.toml").write_text(QUICK_SETTINGS)
    (tmp_path / "purchases.sql").write_text(QUERY)
    events = write_events(tmp_path / "purchases.parquet", month_of_events())
    assert nightrank("ingest", tmp_path / "purchases.sql", "--path", events, "--store", root).code == 0
    return root


def rankings(said: Said) -> list[tuple[int, str]]:
    """The day and the state of each ranking in a plan as JSON."""
    return [(int(one["ds"][-2:]), one["state"]) for one in json.loads(said.out) if one["asset"] == "rankings"]


def commands(said: str) -> list[list[str]]:
    """The commands that a message prints on lines of their own; without Prefect, which a test has no need of."""
    lines = re.findall(r"^  nightrank (.*)$", said, flags=re.MULTILINE)
    return [[*shlex.split(line), *(["--plain"] if line.startswith("train") else [])] for line in lines]


def test_a_plan_has_a_state_for_each_night_that_was_never_ranked(walked_store: Path, nightrank: NightRank) -> None:
    said = nightrank("plan", "2025-03-01", "2025-03-21", "--json", "--all", "--store", walked_store)

    assert rankings(said) == [
        *((day, "too_early") for day in range(1, 5)),
        *((day, "not_kept") for day in (5, 6)),
        *((day, "no_model") for day in range(7, 17)),
        (17, "missing"),
        *((day, "ok") for day in (18, 19, 20)),
        (21, "missing"),
    ]
    assert said.err.count("nightrank: warning: ") == 3


def test_without_a_model_no_night_is_ok(read_store: Path, nightrank: NightRank) -> None:
    said = nightrank("plan", "2025-03-01", "2025-03-21", "--json", "--all", "--store", read_store)

    assert rankings(said) == [
        *((day, "too_early") for day in range(1, 5)),
        *((day, "not_kept") for day in (5, 6, 7)),
        *((day, "no_model") for day in range(8, 22)),
    ]


def test_a_plan_says_what_to_type_for_nights_before_the_first_model(walked_store: Path, nightrank: NightRank) -> None:
    said = nightrank("plan", "2025-03-15", "2025-03-16", "--store", walked_store)

    assert [line for line in said.out.splitlines() if "rankings" in line] == [
        f"2025-03-{day}  rankings         no_model     {UNTRAINED}" for day in (15, 16)
    ]
    assert said.out.splitlines()[-3:] == [
        "2 nights from 2025-03-15 to 2025-03-16 have no ranking: no model was trained on the days up to 2025-03-16, "
        "and a model of later days would know their future; to rank them, type:",
        f"  nightrank train --ds 2025-03-15 --store {walked_store}",
        f"  nightrank backfill 2025-03-15 2025-03-16 --store {walked_store}",
    ]


def test_what_a_backfill_says_to_type_ranks_the_nights(own_store: Path, nightrank: NightRank) -> None:
    days = ("2025-03-15", "2025-03-17")

    first = nightrank("backfill", *days, "--store", own_store)
    typed = [nightrank(*words).code for words in commands(first.err)]
    again = nightrank("backfill", *days, "--store", own_store)

    assert first.code == 1
    assert "2025-03-16  candidates       built\n" in first.out
    assert "2025-03-17  rankings         built\n" in first.out
    assert first.out.splitlines()[-2:] == [
        f"2025-03-{day}  rankings         not built: {UNTRAINED}" for day in (15, 16)
    ]
    assert [words[:3] for words in commands(first.err)] == [
        ["train", "--ds", "2025-03-15"],
        ["backfill", "2025-03-15", "2025-03-16"],
    ]
    assert typed == [0, 0]
    assert again == Said(0, "nothing to do\n", "")
    ranked = "select distinct day(rankings.ds), day(models.ds) from serving.rankings join ops.models using (model_id)"
    assert asked(own_store, f"{ranked} order by all") == [(15, 15), (16, 15), *((day, 17) for day in range(17, 21))]
    assert asked(own_store, "select distinct day(ds) from serving.outcomes order by 1") == [
        (16,),
        (17,),
        (18,),
        (19,),
        (20,),
    ]
    assert nightrank("plan", "2025-03-15", "2025-03-20", "--store", own_store).out.startswith("nothing to do: ")


def test_a_backfill_that_only_prints_says_what_to_type_too(walked_store: Path, nightrank: NightRank) -> None:
    said = nightrank("backfill", "2025-03-16", "2025-03-16", "--dry-run", "--store", walked_store)
    as_json = nightrank("backfill", "2025-03-16", "2025-03-16", "--dry-run", "--json", "--store", walked_store)

    assert (said.code, as_json.code) == (0, 0)
    assert [words[0] for words in commands(said.out)] == ["train", "backfill"]
    assert commands(as_json.err) == commands(said.out)


def test_a_mode_that_leaves_missing_nights_alone_says_nothing_of_them(walked_store: Path, nightrank: NightRank) -> None:
    assert nightrank("backfill", "2025-03-16", "2025-03-16", "--mode", "stale", "--store", walked_store) == Said(
        0, "nothing to do\n", ""
    )


def test_nights_that_no_model_helps_are_left_out_with_the_reason(own_store: Path, nightrank: NightRank) -> None:
    said = nightrank("backfill", "2025-03-04", "2025-03-05", "--store", own_store)
    plan = nightrank("plan", "2025-03-04", "2025-03-05", "--store", own_store)

    kept = (
        "2025-03-05 has no ranking: published.duckdb holds the 14 nights up to 2025-03-20; "
        "to rank 2025-03-05, set publish.ranking_nights to 16 or more"
    )
    early = f"2025-03-04 has no ranking: {EARLY}"
    assert said.code == 0
    assert [line[9:] for line in said.err.splitlines() if "nights_not_ranked" in line] == [
        f"nights_not_ranked reason={kept}",
        f"nights_not_ranked reason={early}",
    ]
    assert plan.out.splitlines() == ["nothing to do: 1 not_kept, 1 too_early, 16 ok", kept, early]


def test_more_nights_in_the_release_make_room_for_older_ones(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTRANK_PUBLISH__RANKING_NIGHTS", "16")

    said = nightrank("plan", "2025-03-04", "2025-03-05", "--json", "--all", "--store", own_store)

    assert rankings(said) == [(4, "too_early"), (5, "no_model")]


def test_outcomes_that_were_never_measured_are_missing_and_built(own_store: Path, nightrank: NightRank) -> None:
    change(own_store, "delete from ops.intervals where asset = 'outcomes' and ds = '2025-03-20'")

    plan = nightrank("plan", "2025-03-19", "2025-03-20", "--store", own_store)
    said = nightrank("backfill", "2025-03-19", "2025-03-20", "--store", own_store)

    assert plan.out.splitlines()[0] == "2025-03-20  outcomes         missing      never measured"
    assert (said.code, said.out) == (0, "2025-03-20  outcomes         built\n")


def test_a_day_too_early_to_train_for_names_one_that_is_not(read_store: Path, nightrank: NightRank) -> None:
    early = nightrank("train", "--plain", "--ds", "2025-03-05", "--store", read_store)
    [command] = re.findall(r"take a later day: nightrank (.*)", early.err)
    later = nightrank(*shlex.split(command), "--plain")

    assert (early.code, later.code) == (1, 0)
    assert command == f"train --ds 2025-03-06 --store {read_store}"


@pytest.mark.parametrize("command", ["plan", "backfill"])
def test_days_that_hold_no_night_are_a_mistake(walked_store: Path, nightrank: NightRank, command: str) -> None:
    early = nightrank(command, "2024-03-01", "2024-03-05", "--store", walked_store)
    late = nightrank(command, "2999-03-01", "2999-03-05", "--store", walked_store)

    assert (early.code, early.out, late.code, late.out) == (1, "", 1, "")
    assert early.err == "nightrank: no events up to 2024-03-05; the first day with events is 2025-03-01\n"
    assert late.err.startswith("nightrank: 2999-03-01 is not over yet in UTC; the newest day that is: ")


@pytest.mark.parametrize("words", [("backfill", "2025-03-18", "2025-03-18"), ("housekeeping", "--dry-run")])
def test_commands_that_never_use_prefect_accept_plain(
    walked_store: Path, nightrank: NightRank, words: tuple[str, ...]
) -> None:
    assert nightrank(*words, "--plain", "--store", walked_store) == Said(0, f"nothing to {NOTHING[words[0]]}\n", "")
