"""nightrank compare: three poolings on the same examples, and a store that stays as it was."""

import errno
import json
import math
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from flows.output import comparison
from flows.pipelines.compare import Compared, Comparison, run_compare
from tests.conftest import QUICK_SETTINGS, Said
from tests.flows.cli.test_cli import mistake

NightRank = Callable[..., Said]
PNG = b"\x89PNG\r\n\x1a\n"
MEASURES = [
    "auc",
    "gauc",
    "logloss",
    "users",
    "examples",
    "gauc_positives",
    "gauc_equal",
    "share_covered",
    "calibration_error",
    "calibration",
    "epoch",
    "valid_gauc",
    "rela_impr",
    "seconds",
]


def contents(store: Path) -> dict[str, bytes]:
    """Every file of a store but the lock, and the warehouse with its copies, which is looked into."""
    files = [
        path for path in store.rglob("*") if path.is_file() and not path.is_symlink() and "copies" not in path.parts
    ]
    return {str(path): path.read_bytes() for path in files if path.name not in (".lock", "warehouse.duckdb")}


def folders(store: Path) -> set[Path]:
    return {path for path in store.rglob("*") if path.is_dir()}


def tables(store: Path) -> dict[str, list[tuple]]:
    """Every row of the warehouse, in its order."""
    with duckdb.connect(str(store / "warehouse.duckdb"), read_only=True) as con:
        names = con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        return {name: con.execute(f"from {name}").fetchall() for (name,) in names}


def runs(store: Path) -> list[tuple]:
    with duckdb.connect(str(store / "warehouse.duckdb"), read_only=True) as con:
        return con.execute("select run_id, status from ops.runs where command = 'compare' order by run_id").fetchall()


def test_compare_measures_what_train_would_have_measured(own_store: Path, nightrank: NightRank) -> None:
    compared_rows = json.loads(nightrank("compare", "--ds", "2025-03-19", "--json", "--store", own_store).out)
    nightrank("train", "--plain", "--ds", "2025-03-19", "--store", own_store)

    with duckdb.connect(str(own_store / "warehouse.duckdb"), read_only=True) as con:
        trained = con.execute(
            "select pooling, auc, gauc, logloss, rela_impr, eval_examples from ops.models where ds = '2025-03-19'"
        ).fetchall()

    found = {
        (row["pooling"], row["auc"], row["gauc"], row["logloss"], row["rela_impr"], row["examples"])
        for row in compared_rows
    }
    assert [row["pooling"] for row in compared_rows] == ["mean", "decay", "din"]
    assert found > set(trained)
    assert len(trained) == 2


def test_compare_leaves_the_store_as_it_was_but_for_a_record_and_a_picture(
    own_store: Path, nightrank: NightRank
) -> None:
    files, rows, there = contents(own_store), tables(own_store), folders(own_store)

    said = nightrank("compare", "--ds", "2025-03-20", "--store", own_store)

    assert said.code == 0, said
    after = tables(own_store)
    assert after.pop("ops.runs")[:-1] == rows.pop("ops.runs")
    assert after == rows
    assert runs(own_store) == [("compare-2025-03-20-1", "done")]
    found = contents(own_store)
    assert found.pop(str(own_store / "compare-2025-03-20.png")).startswith(PNG)
    assert found == files
    assert folders(own_store) == there


def test_a_comparison_that_fails_leaves_the_store_as_it_was_but_for_a_record(
    own_store: Path, nightrank: NightRank
) -> None:
    (own_store / "nightrank.toml").write_text(QUICK_SETTINGS.replace("[train]", "[train]\nlearning_rate = 1e30"))
    files, there = contents(own_store), folders(own_store)

    said = nightrank("compare", "--ds", "2025-03-20", "--store", own_store)

    assert "lower train.learning_rate" in mistake(said)
    assert (contents(own_store), folders(own_store)) == (files, there)
    assert runs(own_store) == [("compare-2025-03-20-1", "failed")]


def test_compare_prints_a_column_for_each_pooling(own_store: Path, nightrank: NightRank, tmp_path: Path) -> None:
    said = nightrank("compare", "--ds", "2025-03-17", "--store", own_store, "--plot", tmp_path / "three.png")

    lines = said.out.splitlines()
    assert lines[0].startswith("Up to 2025-03-17: ")
    assert lines[2].split() == ["┃", "pooling", "┃", "mean", "┃", "decay", "┃", "din", "┃"]
    assert [line[1:].split("│")[0].strip() for line in lines[4:-1]] == [
        "AUC",
        "GAUC",
        "GAUC by positives",
        "GAUC, users alike",
        "users covered",
        "share covered",
        "log loss",
        "calibration error",
        "calibration",
        "RelaImpr over mean, %",
        "GAUC, validation",
        "epoch kept",
        "seconds",
    ]
    assert (tmp_path / "three.png").read_bytes().startswith(PNG)
    assert list(own_store.glob("*.png")) == []


def test_seeds_give_a_mean_and_a_deviation(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTRANK_WINDOW__VALID_DAYS", "0")  # few examples stop mean pooling before it has learned
    one = run_compare(own_store, date(2025, 3, 17)).records()
    rows = json.loads(nightrank("compare", "--ds", "2025-03-17", "--seeds", "2", "--json", "--store", own_store).out)

    mean, decay, din = rows
    assert [(row["pooling"], row["seeds"], row["ds"]) for row in rows] == [
        ("mean", 2, "2025-03-17"),
        ("decay", 2, "2025-03-17"),
        ("din", 2, "2025-03-17"),
    ]
    assert list(din) == ["ds", "pooling", "seeds", *MEASURES, "std"]
    assert list(din["std"]) == MEASURES
    assert mean["rela_impr"] == mean["std"]["rela_impr"] == 0.0
    assert decay["users"] == one[1]["users"]
    # two values lie around their mean at the deviation / sqrt 2
    assert abs(one[2]["gauc"] - din["gauc"]) == pytest.approx(din["std"]["gauc"] / math.sqrt(2))
    assert one[2]["std"] is None


def test_the_table_says_deviations_where_there_are_some_and_a_dash_where_nothing_was_measured(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    measures: dict[str, float] = dict.fromkeys(MEASURES, 0.5) | {"users": 3, "rela_impr": math.nan}
    poolings = [Compared(name, measures, dict.fromkeys(MEASURES, 0.25)) for name in ("mean", "decay", "din")]
    found = Comparison(date(2025, 3, 17), [17, 18], 100, 30, 20, poolings)

    comparison.show(found, json=False)
    comparison.draw(found, tmp_path / "some.png")

    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "Up to 2025-03-17: 100 examples teach, 30 validate, 20 measure; mean ± std of 2 seeds"
    assert lines[4] == "│ AUC                   │ 0.5000 ± 0.2500 │ 0.5000 ± 0.2500 │ 0.5000 ± 0.2500 │"
    assert lines[8] == "│ users covered         │               3 │               3 │               3 │"
    assert lines[13] == "│ RelaImpr over mean, % │               — │               — │               — │"
    assert [path.name for path in tmp_path.iterdir()] == ["some.png"]
    assert oct((tmp_path / "some.png").stat().st_mode & 0o777) == "0o640"


def test_what_cannot_be_compared_is_said_before_anything_is_written(
    own_store: Path, nightrank: NightRank, tmp_path: Path
) -> None:
    files, rows = contents(own_store), tables(own_store)

    nowhere = nightrank("compare", "--store", tmp_path / "none")
    folder = nightrank("compare", "--store", own_store, "--plot", tmp_path / "gone" / "one.png")
    late = nightrank("compare", "--store", own_store, "--ds", "2999-01-01")
    usage = [
        nightrank("compare", "--store", own_store, *words)
        for words in (("--plot", "one.pdf"), ("--seeds", "0"), ("--ds", "soon"))
    ]

    assert mistake(nowhere).endswith("there is no store here; begin with: nightrank demo, or nightrank ingest SOURCE")
    assert not (tmp_path / "none").exists()
    assert mistake(folder) == (
        f"nightrank: {tmp_path / 'gone' / 'one.png'}: no file can be written in {tmp_path / 'gone'}; "
        "name another place with --plot"
    )
    assert "2999-01-01 is not over yet in UTC" in mistake(late)
    assert [said.code for said in usage] == [2, 2, 2]
    assert (contents(own_store), tables(own_store)) == (files, rows)


def test_the_table_is_told_though_the_disk_has_no_room_for_the_picture(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "compare.png")

    monkeypatch.setattr("flows.output.comparison.draw", full)
    said = nightrank("compare", "--ds", "2025-03-17", "--json", "--store", own_store)

    assert mistake(said).startswith("nightrank: compare.png: No space left on device; ")
    assert [row["pooling"] for row in json.loads(said.out)] == ["mean", "decay", "din"]


def test_too_few_days_to_compare_is_a_sentence(own_store: Path, nightrank: NightRank) -> None:
    said = nightrank("compare", "--store", own_store, "--ds", "2025-03-02")

    assert "no examples to train and measure on: 0 before and " in mistake(said)
