"""A store that loses, damages or mixes up its warehouse: nothing is removed, and a copy brings it back."""

import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from flows.pipelines.maintenance import run_doctor, run_housekeeping
from flows.pipelines.nightly import run_nights
from tests.conftest import Said

NightRank = Callable[..., Said]
DAY = ("2025-03-20", "2025-03-20")
COMMANDS = [
    ("nightly", "--plain"),
    ("ingest", "purchases"),
    ("train", "--plain"),
    ("backfill", *DAY),
    ("plan", *DAY),
    ("housekeeping",),
    ("housekeeping", "--dry-run"),
    ("forget", "7"),
    ("rollback", "--to", "2025-03-19"),
    ("status",),
    ("doctor",),
    ("compare",),
    ("demo",),
]


def files_of(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file() and ".lock" not in path.name)


def restored(root: Path, said: str) -> None:
    """Runs the command that an error printed, as it is printed."""
    command = re.search(r"rm -f .* && cp -p .*", said)
    assert command, said
    subprocess.run(["bash", "-c", command[0]], check=True)
    assert (root / "warehouse.duckdb").exists()


def rankings(root: Path) -> list[tuple]:
    with duckdb.connect(str(root / "published.duckdb"), read_only=True) as con:
        return con.execute("select * exclude (run_id) from rankings order by all").fetchall()


def broken(root: Path) -> set[str]:
    return {one.name for one in run_doctor(root) if one.broken and not one.is_note}


@pytest.mark.parametrize("left", [None, b""], ids=["missing", "empty"])
def test_every_command_refuses_a_store_without_its_warehouse_and_names_the_copy(
    left: bytes | None, own_store: Path, nightrank: NightRank
) -> None:
    warehouse = own_store / "warehouse.duckdb"
    warehouse.unlink()
    if left is not None:
        warehouse.write_bytes(left)
    before = files_of(own_store)
    copy = sorted((own_store / "copies").iterdir())[-1]

    for words in COMMANDS:
        said = nightrank(*words, "--store", own_store)

        assert said.code == 1, words
        assert f"warehouse.duckdb: is {'missing' if left is None else 'empty'}, and the store has files in" in said.err
        assert f"cp -p {copy} {warehouse}" in said.err
        assert files_of(own_store) == before


def test_a_store_that_lost_its_warehouse_goes_on_from_the_copy_as_if_nothing_had_been(
    own_store: Path, tmp_path: Path, nightrank: NightRank
) -> None:
    untouched = Path(shutil.copytree(own_store, tmp_path / "untouched", symlinks=True))
    (own_store / "warehouse.duckdb").unlink()
    (own_store / "warehouse.duckdb.wal").write_bytes(b"left over")
    shown = rankings(own_store)

    restored(own_store, nightrank("nightly", "--plain", "--store", own_store).err)

    assert broken(own_store) == set()
    assert rankings(own_store) == shown
    for root in (own_store, untouched):
        assert [night.ds for night in run_nights(root, date(2025, 3, 21))] == [date(2025, 3, 21)]
    assert rankings(own_store) == rankings(untouched)
    assert run_housekeeping(own_store, dry_run=True) == run_housekeeping(untouched, dry_run=True)


def test_a_folder_with_nothing_of_a_store_may_begin_one(tmp_path: Path, nightrank: NightRank) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "warehouse.duckdb").touch()

    assert "no events yet" in nightrank("nightly", "--plain", "--store", tmp_path / "new").err
    assert "there is no store here" in nightrank("doctor", "--store", tmp_path / "other").err


def test_housekeeping_keeps_what_an_old_warehouse_never_knew_unless_it_is_asked_to(
    own_store: Path, nightrank: NightRank
) -> None:
    with duckdb.connect(str(own_store / "warehouse.duckdb")) as con:  # as a copy made before the 20th was read
        con.execute("delete from ops.files where ds = '2025-03-20'")
    long_ago = time.time() - 90 * 24 * 3600
    for path in (own_store / "lake").rglob("*.parquet"):
        os.utime(path, (long_ago, long_ago))
    before = sorted((own_store / "lake").rglob("*.parquet"))

    would = nightrank("housekeeping", "--dry-run", "--store", own_store)
    refused = nightrank("housekeeping", "--store", own_store)

    assert (would.code, refused.code) == (0, 1)
    assert "housekeeping_would_refuse" in would.err
    assert "never knew 9 files of the lake (1 of them events) and 0 models" in refused.err
    assert sorted((own_store / "lake").rglob("*.parquet")) == before
    command = re.search(r"nightrank (housekeeping --yes .*)", refused.err)
    assert command
    assert nightrank(*shlex.split(command[1])).code == 0
    assert len(list((own_store / "lake").rglob("*.parquet"))) == len(before) - 9


def test_housekeeping_keeps_a_model_that_the_warehouse_never_knew(own_store: Path, nightrank: NightRank) -> None:
    [model] = (own_store / "models").glob("din-*")
    newer = Path(shutil.copytree(model, model.with_name("din-2025-03-19-newer")))
    os.utime(newer, (0, 0))

    said = nightrank("housekeeping", "--store", own_store)

    assert (said.code, newer.exists()) == (1, True)
    assert "never knew 0 files of the lake (0 of them events) and 1 models" in said.err


def test_files_that_a_read_replaced_go_without_a_question(own_store: Path, nightrank: NightRank) -> None:
    with duckdb.connect(str(own_store / "warehouse.duckdb")) as con:
        [(path,)] = con.execute(
            "select path from ops.files where asset = 'events.purchases' and ds = '2025-03-05'"
        ).fetchall()
    replaced = path.replace("bucket-0-", "bucket-0-before-")
    shutil.copyfile(own_store / "lake" / path, own_store / "lake" / replaced)
    os.utime(own_store / "lake" / replaced, (0, 0))
    with duckdb.connect(str(own_store / "warehouse.duckdb")) as con:
        con.execute("insert into ops.replaced_files values (?)", [replaced])

    said = nightrank("housekeeping", "--store", own_store)

    assert (said.code, (own_store / "lake" / replaced).exists()) == (0, False)
    assert (own_store / "lake" / path).exists()


@pytest.mark.parametrize("left", [True, False], ids=["an empty folder", "no folder"])
def test_no_night_is_published_from_a_lake_that_is_gone(left: bool, own_store: Path, nightrank: NightRank) -> None:
    shutil.rmtree(own_store / "lake")
    if left:
        (own_store / "lake").mkdir()
    releases = files_of(own_store / "releases")

    for words in (("nightly", "--plain"), ("train", "--plain"), ("housekeeping",)):
        said = nightrank(*words, "--store", own_store)
        assert said.code == 1
        assert "lake: has no file, and the warehouse names " in said.err

    assert files_of(own_store / "releases") == releases
    assert "check_lake_hashes" in broken(own_store)


def test_a_damaged_block_is_named_with_the_copy_to_restore(own_store: Path, nightrank: NightRank) -> None:
    warehouse = own_store / "warehouse.duckdb"
    content = bytearray(warehouse.read_bytes())
    for at in range(12288 + 40, len(content), 262144):
        content[at] ^= 16
    warehouse.write_bytes(content)

    for words in (("nightly", "--plain"), ("doctor",), ("status",), ("plan", *DAY), ("forget", "7")):
        said = nightrank(*words, "--store", own_store)
        assert said.code == 1
        assert "earlier version" not in said.out + said.err
        assert "cp -p " in said.out + said.err, words
    restored(own_store, said.err)

    assert broken(own_store) == set()


def test_as_many_copies_are_kept_as_the_settings_say(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    def numbers() -> list[int]:
        return [int(path.stem[-6:]) for path in sorted((own_store / "copies").iterdir())]

    last = numbers()[-1]
    assert nightrank("housekeeping", "--store", own_store).code == 0
    assert numbers() == [last - 1, last, last + 1]
    monkeypatch.setenv("NIGHTRANK_STORE__KEEP_COPIES", "0")
    assert nightrank("housekeeping", "--store", own_store).code == 0
    assert numbers() == [last - 1, last, last + 1]
