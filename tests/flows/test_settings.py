"""Settings: what they refuse, and where a wrong one is seen."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

from features import FeatureError
from flows.settings import Settings, load_settings
from tests.conftest import Said

NightRank = Callable[..., Said]


def test_no_setting_takes_a_number_beyond_all_measure(tmp_path: Path) -> None:
    numbers = [
        (section, item.name)
        for section, part in Settings.model_fields.items()
        for item in fields(part.default)
        if type(getattr(part.default, item.name)) in (int, float)
    ]
    refused = []
    for section, name in numbers:
        (tmp_path / "nightrank.toml").write_text(f"[{section}]\n{name} = {10**40}\n")
        with suppress(FeatureError):
            load_settings(tmp_path)
            continue
        refused.append((section, name))

    assert refused == numbers
    assert len(numbers) > 50


def test_status_shows_the_store_and_then_what_is_wrong_with_its_settings(own_store: Path, nightrank: NightRank) -> None:
    (own_store / "nightrank.toml").write_text("[ranking]\nk = 0\n")

    said = nightrank("status", "--store", own_store)
    as_json = nightrank("status", "--store", own_store, "--json")

    assert (said.code, as_json.code) == (1, 1)
    assert "published  2025-03-20" in said.out
    assert "ranking: k is 0; it must be at least 1\nno night runs before that is put right" in said.err
    assert "ranking: k is 0; it must be at least 1" in json.loads(as_json.out)["settings_error"]
