"""A store whose files another DuckDB wrote: what each command says, and what brings the files back."""

import json
import os
import re
import shlex
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

import features
from features.ops.erasure.rewrite import copy_whole, newer_files, rewrite
from flows.pipelines.maintenance import run_doctor
from flows.pipelines.nightly import run_nights
from tests.conftest import Said, make_newer

NightRank = Callable[..., Said]
READS_UP_TO = 68 if duckdb.__version__.startswith("1.") else 69
NEWER = (
    f"written by a newer DuckDB (2.3.0) in storage version 70, and DuckDB {duckdb.__version__} reads up to "
    f"{READS_UP_TO}"
)
INSTALL = f"{sys.executable} -m pip install 'duckdb>=2.3.0,<3'"
DAY = ("2025-03-20", "2025-03-20")


@pytest.mark.parametrize(
    "words",
    [
        ("nightly", "--plain"),
        ("ingest", "purchases"),
        ("train", "--plain"),
        ("plan", *DAY),
        ("housekeeping",),
        ("forget", "7"),
        ("rollback", "--to", "2025-03-19"),
        ("status",),
        ("doctor",),
    ],
)
def test_every_command_says_that_a_newer_duckdb_wrote_the_warehouse(
    words: tuple[str, ...], own_store: Path, nightrank: NightRank
) -> None:
    make_newer(own_store / "warehouse.duckdb")
    before = (own_store / "warehouse.duckdb").read_bytes()

    said = nightrank(*words, "--store", own_store)

    assert (said.code, said.out) == (1, "")
    assert f"{own_store}/warehouse.duckdb: {NEWER}; install it: {INSTALL}\n" in said.err
    assert f"nightrank housekeeping --store {own_store}" in said.err
    assert "damaged" not in said.err
    assert (own_store / "warehouse.duckdb").read_bytes() == before


@pytest.mark.parametrize("words", [("sql", "from rankings"), ("why", "1"), ("explore",), ("report",)])
def test_every_reader_says_that_a_newer_duckdb_wrote_the_release(
    words: tuple[str, ...], own_store: Path, nightrank: NightRank
) -> None:
    release = (own_store / "published.duckdb").resolve()
    make_newer(release)

    said = nightrank(*words, "--store", own_store)

    assert (said.code, said.out) == (1, "")
    assert f"{release}: {NEWER}; install it: {INSTALL}\n" in said.err


def test_the_next_night_publishes_again_what_a_newer_duckdb_wrote(own_store: Path, nightrank: NightRank) -> None:
    release = (own_store / "published.duckdb").resolve()
    make_newer(release)

    status = nightrank("status", "--store", own_store)
    doctor = nightrank("doctor", "--store", own_store)

    assert (status.code, doctor.code) == (1, 1)
    assert f"{release}: {NEWER}; build it again with: nightrank nightly --store {own_store}" in status.out + status.err
    assert f"          {release}: {NEWER}\n        → nightrank nightly --store {own_store}  # builds" in doctor.out
    assert nightrank("nightly", "--plain", "--ds", "2025-03-20", "--store", own_store).code == 0
    assert nightrank("sql", "select count(*) from latest_rankings", "--store", own_store).code == 0


def test_the_doctor_removes_no_release_that_a_newer_duckdb_wrote(own_store: Path) -> None:
    make_newer(own_store / "releases" / "nightly-2025-03-19-1.duckdb")

    found = {one.name: one.broken for one in run_doctor(own_store) if one.broken and not one.is_note}

    assert {name: [one.remedy for one in broken] for name, broken in found.items()} == {
        "check_releases_open": [INSTALL]
    }


def test_no_release_that_a_newer_duckdb_wrote_is_removed_as_half_built(own_store: Path, nightrank: NightRank) -> None:
    release = own_store / "releases" / "nightly-2025-03-19-1.duckdb"
    make_newer(release)
    os.utime(release, (1e9, 1e9))

    said = nightrank("housekeeping", "--store", own_store)
    back = nightrank("rollback", "--to", "2025-03-19", "--store", own_store)

    assert (said.code, said.out) == (0, "nothing to remove\n")
    assert release.exists()
    assert back.code == 1
    assert (
        f"2025-03-19: no kept release ends with it; there are 2025-03-18, 2025-03-20 (published)\n{release}: {NEWER}\n"
        in (back.err)
    )


def test_housekeeping_writes_files_of_a_newer_storage_version_again(own_store: Path, nightrank: NightRank) -> None:
    store = features.Store(own_store, features.StoreConfig(threads=1))
    files = [store.warehouse, store.published.resolve()]
    for path in files:
        rewrite(features.Store(own_store, features.StoreConfig(storage_version="v1.5.0")), path, copy_whole)
    shown = nightrank("sql", "from rankings order by all", "--json", "--store", own_store).out

    doctor = nightrank("doctor", "--store", own_store)
    [command] = set(re.findall(r"→ nightrank (housekeeping --store \S+)  # rewrites the file", doctor.out))
    would = nightrank(*shlex.split(command), "--dry-run")
    done = nightrank(*shlex.split(command))

    assert (doctor.code, would.code, done.code) == (1, 0, 0)
    assert "files_to_rewrite" in would.err
    assert "files_rewritten" in done.err
    assert newer_files(store) == []
    assert {one.name for one in run_doctor(own_store, deep=True) if one.broken and not one.is_note} == set()
    assert nightrank("sql", "from rankings order by all", "--json", "--store", own_store).out == shown
    assert len(json.loads(shown)) == 180
    assert [night.ds for night in run_nights(own_store, date(2025, 3, 21))] == [date(2025, 3, 21)]
