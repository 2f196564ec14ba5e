"""What a training says: which model it trained, which nights that ranks, and why."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

import flows.training
from tests.conftest import Said
from tests.flows.test_training import model_of

NightRank = Callable[..., Said]


def train(nightrank: NightRank, root: Path, ds: str) -> list[str]:
    """The lines that a training for a day prints."""
    said = nightrank("train", "--plain", "--ds", ds, "--store", root)
    assert said.code == 0, said.err
    return said.out.splitlines()


def test_a_model_for_an_earlier_day_is_named_with_the_nights_it_ranks(own_store: Path, nightrank: NightRank) -> None:
    newest = model_of(own_store, "din", "2025-03-17")

    lines = train(nightrank, own_store, "2025-03-14")

    model_id = model_of(own_store, "din", "2025-03-14")
    assert lines[:3] == [
        f"{model_id} is trained on the days up to 2025-03-14",
        "it ranks the nights from 2025-03-14 to 2025-03-16, since no other model may rank 2025-03-14; "
        f"from 2025-03-17 on {newest} ranks, which was trained for 2025-03-17",
        "Trained for 2025-03-14; measured on later days than they were trained on",
    ]
    table = [line for line in lines if line.startswith("│")]
    assert [row.split()[1] for row in table] == [model_id, model_of(own_store, "mean", "2025-03-14")]


def test_a_model_that_is_worse_ranks_no_night_and_the_one_that_does_is_named(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = model_of(own_store, "din", "2025-03-17")
    monkeypatch.setattr(flows.training, "champion_gauc", lambda *_: 1.0)

    lines = train(nightrank, own_store, "2025-03-18")

    assert re.fullmatch(
        r"it ranks no night, since its GAUC 0\.\d{4} is below that of "
        + f"{before}, which has 1.0000 on the same examples; {before} ranks the nights from 2025-03-18 on",
        lines[1],
    ), lines[1]


def test_nights_that_another_model_ranked_are_named_by_a_command_that_works(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = model_of(own_store, "din", "2025-03-17")
    monkeypatch.setattr(flows.training, "champion_gauc", lambda *_: 0.25)

    lines = train(nightrank, own_store, "2025-03-19")

    promoted, _, said = lines[1].partition(
        ". Nights that another model ranked before stay as they are; see them with: "
    )
    assert re.fullmatch(
        r"it ranks the nights from 2025-03-19 on, since its GAUC 0\.\d{4} is not below that of "
        + f"{before}, which has 0.2500 on the same examples",
        promoted,
    ), promoted
    program, *words = shlex.split(said)
    planned = nightrank(*words)
    assert (program, words[:3], planned.code) == ("nightrank", ["plan", "2025-03-19", "2025-03-20"], 0)
    assert [line.split()[:3] for line in planned.out.splitlines() if "rankings" in line] == [
        ["2025-03-19", "rankings", "stale"],
        ["2025-03-20", "rankings", "stale"],
    ]


def test_the_same_training_again_says_so(own_store: Path, nightrank: NightRank) -> None:
    lines = train(nightrank, own_store, "2025-03-17")

    assert lines[1] == (
        "it ranks the nights from 2025-03-17 on, since it ranked them before, "
        "and the training gave the same model again"
    )


def test_as_json_the_model_is_first_and_its_baseline_second(own_store: Path, nightrank: NightRank) -> None:
    said = nightrank("train", "--plain", "--ds", "2025-03-16", "--json", "--store", own_store)

    found = json.loads(said.out)
    assert [(one["model_id"], one["ds"], one["champion"]) for one in found] == [
        (model_of(own_store, "din", "2025-03-16"), "2025-03-16", True),
        (model_of(own_store, "mean", "2025-03-16"), "2025-03-16", False),
    ]
    assert found[0]["decision"].startswith("it ranks the night of 2025-03-16 alone, since no other model may rank")
