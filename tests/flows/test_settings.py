"""Settings: what they refuse, and where a wrong one is seen."""

import json
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest

from features import FeatureError
from flows.retired_settings import is_fixed
from flows.settings import Settings, load_settings, settings_error
from flows.variables import variables_errors
from tests.conftest import Said

NightRank = Callable[..., Said]
ROOT = Path(__file__).parents[2]
SECTIONS = {name: field.default for name, field in Settings.model_fields.items()}
SETTINGS = [
    (section, item.name)
    for section, part in SECTIONS.items()
    for item in fields(part)
    if not is_fixed(section, item.name)
]


def test_no_setting_takes_a_number_beyond_all_measure(tmp_path: Path) -> None:
    numbers = [(section, name) for section, name in SETTINGS if type(getattr(SECTIONS[section], name)) in (int, float)]
    refused = []
    for section, name in numbers:
        (tmp_path / "nightrank.toml").write_text(f"[{section}]\n{name} = {10**40}\n")
        with suppress(FeatureError):
            load_settings(tmp_path)
            continue
        refused.append((section, name))

    assert refused == numbers
    assert len(numbers) > 30


def test_status_shows_the_store_and_then_what_is_wrong_with_its_settings(own_store: Path, nightrank: NightRank) -> None:
    (own_store / "nightrank.toml").write_text("[ranking]\ntop_k = 0\n")

    said = nightrank("status", "--store", own_store)
    as_json = nightrank("status", "--store", own_store, "--json")

    assert (said.code, as_json.code) == (1, 1)
    assert "published  2025-03-20" in said.out
    assert "ranking: top_k is 0; it must be at least 1\nno night runs before that is put right" in said.err
    assert "ranking: top_k is 0; it must be at least 1" in json.loads(as_json.out)["settings_error"]


def message(text: str) -> str:
    """What a command prints where these lines are wrong with the settings."""
    return f"nightrank: settings are not understood\n  {text}\n"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("NIGHTRANK_RANKINGS__K", "NIGHTRANK_RANKING__TOP_K"),
        ("NIGHTRANK_RANKING__KK", "NIGHTRANK_RANKING__TOP_K"),
        ("NIGHTRANK_RANKING_K", "NIGHTRANK_RANKING__TOP_K"),
        ("NIGHTRANK_TOP_K", "NIGHTRANK_RANKING__TOP_K"),
        ("NIGHTRANK_RANKING__TOP_K__K", "NIGHTRANK_RANKING__TOP_K"),
        ("nightrank_rankings__top_k", "NIGHTRANK_RANKING__TOP_K"),
        ("NIGHTRANK_STORE", "NIGHTRANK_STORE_PATH"),
        ("NIGHTRANK_STORE_DIR", "NIGHTRANK_STORE_PATH"),
        ("NIGHTRANK_ALERT__WEBHOOK_URL", "NIGHTRANK_ALERTS__WEBHOOK_URL"),
        ("NIGHTRANK_CANDIDATE__QUOTAS__POPULAR", "NIGHTRANK_CANDIDATES__QUOTAS__POPULAR"),
    ],
)
def test_a_variable_that_is_no_setting_is_an_error_with_the_nearest_name_and_without_its_value(
    tmp_path: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch, name: str, near: str
) -> None:
    monkeypatch.setenv(name, "a-secret")

    said = nightrank("plan", "2025-03-01", "2025-03-02", "--store", tmp_path)

    assert (said.code, said.out) == (1, "")
    assert said.err == message(
        f'{name} in the environment is not a setting; if you mean {near}, type: export {near}="${name}"; unset {name}'
    )


def test_every_variable_that_is_no_setting_is_named_and_one_without_a_near_name_is_to_be_unset(
    tmp_path: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTRANK_ZZZZ", "3")
    monkeypatch.setenv("NIGHTRANK_RANKINGS__K", "3")

    assert nightrank("doctor", "--store", tmp_path).err == message(
        "NIGHTRANK_RANKINGS__K in the environment is not a setting; if you mean NIGHTRANK_RANKING__TOP_K, "
        'type: export NIGHTRANK_RANKING__TOP_K="$NIGHTRANK_RANKINGS__K"; unset NIGHTRANK_RANKINGS__K\n'
        "  NIGHTRANK_ZZZZ in the environment is not a setting (docs/settings.md); type: unset NIGHTRANK_ZZZZ"
    )


def test_what_the_error_says_to_type_renames_the_variable() -> None:
    said = variables_errors({"NIGHTRANK_RANKINGS__K": "3"}, SECTIONS)
    typed = said[0].partition("type: ")[2]
    names = subprocess.run(
        ["/bin/sh", "-c", f"{typed}; env"], capture_output=True, text=True, env={"NIGHTRANK_RANKINGS__K": "3"}
    ).stdout.split()

    assert [line for line in names if line.startswith("NIGHTRANK_")] == ["NIGHTRANK_RANKING__TOP_K=3"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NIGHTRANK_STORE_PATH", "/srv/store"),
        ("NIGHTRANK_RANKING__TOP_K", "7"),
        ("nightrank_ranking__top_k", "7"),
        ("NIGHTRANK_RANKING", '{"top_k": 7}'),
        ("NIGHTRANK_CANDIDATES__QUOTAS__POPULAR", "50"),
        ("NIGHTRANK_SERVER_SERVICE_HOST", "10.0.0.1"),
        ("NIGHTRANK_SERVICE_PORT_HTTP", "80"),
        ("NIGHTRANK_PORT", "tcp://10.0.0.1:80"),
        ("NIGHTRANK_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("NIGHTRANKED", "1"),
    ],
)
def test_settings_the_path_of_the_store_and_the_variables_of_kubernetes_are_no_error(name: str, value: str) -> None:
    assert variables_errors({name: value}, SECTIONS) == []


def test_every_setting_is_known_as_a_variable_by_its_documented_name() -> None:
    names = [f"NIGHTRANK_{section}__{name}".upper() for section, name in SETTINGS]

    assert variables_errors(dict.fromkeys(names, "1"), SECTIONS) == []


def test_there_are_at_most_sixty_settings() -> None:
    assert len(SETTINGS) == 60


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[din]\nhalf_life_days = 9\n", "[din] half_life_days is no longer a setting: its value is now fixed at 30.0"),
        ("[publish]\nreport = false\n", "[publish] report is no longer a setting: its value is now fixed at true"),
        (
            "[din]\ngoods_length = 50\n",
            "[din] goods_length is no longer a setting: its value is now fixed at that of [sequences] goods_length",
        ),
        ("[ranking]\nk = 9\n", "[ranking] k is now [ranking] top_k; write that"),
        ("[housekeeping]\nkeep_lake_days = 9\n", "[housekeeping] keep_lake_days is now [retention] keep_lake_days"),
        ("[housekeeping]\nkeep_reports = 9\n", "[housekeeping] keep_reports is no longer a setting: its value is now"),
        ("[housekeeping]\n", "[housekeeping] is now [retention]; write that"),
    ],
)
def test_a_setting_of_an_older_version_is_an_error_that_says_what_to_write(
    tmp_path: Path, nightrank: NightRank, content: str, said: str
) -> None:
    (tmp_path / "nightrank.toml").write_text(content)

    assert said in nightrank("plan", "2025-03-01", "2025-03-02", "--store", tmp_path).err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "NIGHTRANK_RANKING__K",
            "NIGHTRANK_RANKING__K in the environment is now NIGHTRANK_RANKING__TOP_K; "
            'type: export NIGHTRANK_RANKING__TOP_K="$NIGHTRANK_RANKING__K"; unset NIGHTRANK_RANKING__K',
        ),
        (
            "NIGHTRANK_TRAIN__PRECISION",
            "NIGHTRANK_TRAIN__PRECISION in the environment is no longer a setting: its value is now fixed at 'auto'; "
            "type: unset NIGHTRANK_TRAIN__PRECISION",
        ),
    ],
)
def test_a_variable_of_an_older_version_is_an_error_that_says_what_to_type(name: str, said: str) -> None:
    assert variables_errors({name: "9"}, SECTIONS) == [said]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[rankings]\nk = 5\n", "publish, retention, timeouts, alerts; if you mean [ranking], write that"),
        (
            "[ranking]\nmin_scores = 0.1\n",
            "explain_top_k, max_per_shop, min_score, top_k; if you mean min_score, write",
        ),
        ("ranking = 3\n", "ranking is a section, not a setting; write [ranking], and its settings below it"),
        (
            "[din]\nmlp_hidden_units = '[64, x]'\n",
            "[din] mlp_hidden_units is [64, x]; write a list as JSON, such as '[64, 32]'",
        ),
    ],
)
def test_a_mistyped_line_of_the_file_is_named_with_the_nearest(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "nightrank.toml").write_text(content)

    assert said in (settings_error(tmp_path) or "")
