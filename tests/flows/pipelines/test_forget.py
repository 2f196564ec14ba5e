"""nightrank forget, as a person types it."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Said

NightRank = Callable[..., Said]


def test_forget_says_what_it_removed_what_it_scanned_and_which_models_learned(
    own_store: Path, nightrank: NightRank
) -> None:
    said = nightrank("forget", 7, "--store", own_store)

    first, rows, files, scanned, learned, advice = said.out.splitlines()
    assert said.code == 0, said.err
    assert first == "user 7 is forgotten"
    assert "events.purchases 17, " in rows
    assert "rankings 15, " in rows
    assert files.endswith(
        "releases rewritten: nightly-2025-03-18-1.duckdb, nightly-2025-03-19-1.duckdb, nightly-2025-03-20-1.duckdb"
    )
    assert scanned.endswith("by rows alone, since so short an id, or one in other names, is in any bytes: 0 hits")
    assert learned.startswith("learned from   din-2025-03-17-")
    assert (
        advice
        == f"               weights hold no id and no row of theirs; to unlearn: nightrank train --store {own_store}"
    )
    why = nightrank("why", 7, "--store", own_store)
    assert (why.code, "user_id 7 is not in the newest ranking" in why.err) == (1, True)


def test_forget_twice_says_so_and_gives_json(own_store: Path, nightrank: NightRank) -> None:
    first = json.loads(nightrank("forget", 7, "--json", "--store", own_store).out)
    second = json.loads(nightrank("forget", 7, "--json", "--store", own_store).out)
    third = nightrank("forget", 7, "--store", own_store)

    assert (first["user"], first["before"], first["scan"]["hits"]) == ("7", None, [])
    assert second["before"] is not None
    assert (sum(second["rows"].values()), second["files"], second["releases"]) == (0, 0, [])
    assert second["model_ids"] == first["model_ids"]
    assert "looked for again" in third.out
    assert "rows removed   none" in third.out


def test_nobody_of_that_name_and_no_store_are_said_in_a_sentence(
    own_store: Path, tmp_path: Path, nightrank: NightRank
) -> None:
    stranger = nightrank("forget", "nobody", "--store", own_store)
    nowhere = nightrank("forget", 7, "--store", tmp_path / "nowhere")

    assert (stranger.code, nowhere.code) == (1, 1)
    assert f"user_id nobody is nobody's in {own_store}; write it as the source does" in stranger.err
    assert "there is no store here" in nowhere.err
    assert not (tmp_path / "nowhere").exists()
