"""What else goes wrong in a night: each time one sentence says so, yesterday stays, and what it says to do mends it."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import duckdb
import pytest

from tests.torture import child
from tests.torture.child import Ended
from tests.torture.faults import (
    flip_a_bit,
    jump,
    leave_room,
    poison,
    read_only,
    refuse_files_over,
    small_disk,
    wait_for_others,
)
from tests.torture.held import differing, held, kept_nights
from tests.torture.readers import night_of
from tests.torture.trials import Undisturbed

DISK_MB = 128  # a store takes 25, and the doctor wants room for three nights
DAY_SECONDS = 86_400


def copied(night: Undisturbed, place: Path) -> Path:
    return Path(shutil.copytree(night.eve, place / "store", symlinks=True))


def stopped_with(ended: Ended) -> str:
    """The sentence that a command which failed ends with."""
    assert (ended.code, "Traceback" in ended.err) == (1, False), ended
    return ended.err[ended.err.index("nightrank: ") :].removeprefix("nightrank: ").strip()


def need_as_undisturbed(night: Undisturbed, store: Path) -> None:
    """Runs the night, which nothing is in the way of any more, and holds the store against one where nothing ever
    was."""
    again = child.run(*night.words, store=store)
    assert again.code == 0, again.err
    assert differing(held(store), night.held) == []
    assert night.kept - kept_nights(store) == set()
    doctor = child.run("doctor", store=store)
    assert doctor.code == 0, doctor.out


@pytest.mark.torture
@pytest.mark.parametrize(
    ("kilobytes", "stops_in"),
    [
        (0, "No space left on device; nothing is half-written: put it right, and run the same again"),
        (50, "write (features/store/lake.py) did not go through"),
        (200, "build_release (features/publish/release.py) did not go through"),
        (3000, "build_release (features/publish/release.py) did not go through"),
        (5800, "close_release (features/publish/release.py) did not go through"),
    ],
)
def test_a_night_on_a_full_disk_says_so_and_is_made_good_when_there_is_room(
    kilobytes: int, stops_in: str, sunday: Undisturbed, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", DISK_MB) as disk:
        store = copied(sunday, disk)
        ballast = leave_room(disk, kilobytes)

        said = stopped_with(child.run(*sunday.words, store=store))

        assert said.startswith(stops_in)
        assert "No space left on device" in said
        assert night_of(store) == sunday.before
        ballast.unlink()
        need_as_undisturbed(sunday, store)


@pytest.mark.torture
def test_a_night_that_fails_again_and_again_fills_no_disk(sunday: Undisturbed, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", DISK_MB) as disk:
        store = copied(sunday, disk)
        leave_room(disk, 3000)
        stopped_with(child.run(*sunday.words, store=store))
        once = sorted(path.name for path in (store / "releases").iterdir())

        stopped_with(child.run(*sunday.words, store=store))

        assert len(once) == len(sorted((store / "releases").iterdir()))
        assert night_of(store) == sunday.before


@pytest.mark.torture
@pytest.mark.parametrize("kilobytes", [8, 64, 1000, 4000])
def test_a_night_whose_files_cannot_grow_says_so_and_is_made_good_when_they_can(
    kilobytes: int, sunday: Undisturbed, tmp_path: Path
) -> None:
    store = copied(sunday, tmp_path)

    said = stopped_with(child.run(*sunday.words, store=store, first=partial(refuse_files_over, kilobytes)))

    assert "File too large" in said
    assert night_of(store) == sunday.before
    need_as_undisturbed(sunday, store)


@pytest.mark.torture
def test_a_store_that_cannot_be_written_is_said_and_read_all_the_same(sunday: Undisturbed, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", DISK_MB) as disk:
        store = copied(sunday, disk)
        with read_only(disk):
            night = child.run(*sunday.words, store=store)
            status = child.run("status", store=store)

            assert stopped_with(night) == (
                f"{store}: cannot be written (Read-only file system); name another store with --store"
            )
            assert status.code == 0, status.err
            assert night_of(store) == sunday.before
        need_as_undisturbed(sunday, store)


@pytest.mark.torture
@pytest.mark.parametrize("folder", ["lake", "releases"])
def test_a_folder_of_the_store_that_cannot_be_written_is_said(folder: str, sunday: Undisturbed, tmp_path: Path) -> None:
    store = copied(sunday, tmp_path)
    with small_disk(tmp_path / "disk", DISK_MB) as disk:
        shutil.copytree(store / folder, disk / folder, symlinks=True)
        shutil.move(store / folder, tmp_path / folder)
        (store / folder).symlink_to(disk / folder)
        with read_only(disk):
            said = stopped_with(child.run(*sunday.words, store=store))
        assert "Read-only file system" in said, said
        assert night_of(store) == sunday.before
        (store / folder).unlink()
        shutil.move(tmp_path / folder, store / folder)
    need_as_undisturbed(sunday, store)


def files_that_count(store: Path) -> dict[str, list[Path]]:
    """The files of the lake that the ledger names, the newest first, by asset."""
    with duckdb.connect(str(store / "warehouse.duckdb"), read_only=True) as con:
        rows = con.execute("select asset, path from ops.files order by ds desc, path").fetchall()
    found: dict[str, list[Path]] = {}
    for asset, path in rows:
        found.setdefault(asset, []).append(store / "lake" / path)
    return found


ASSETS = ["events.purchases", "histories", "goods_sequences", "shop_sequences", "candidates", "night_goods"]


@pytest.mark.torture
@pytest.mark.parametrize("asset", [*ASSETS, "night_pairs", "examples"])
def test_a_bit_that_flips_in_the_lake_is_found_by_the_doctor_who_says_what_mends_it(
    asset: str, sunday: Undisturbed, tmp_path: Path
) -> None:
    store = copied(sunday, tmp_path)
    flip_a_bit(files_that_count(store)[asset][0])

    follow_the_doctor(store)

    need_as_undisturbed(sunday, store)


@pytest.mark.torture
@pytest.mark.parametrize("asset", ASSETS)
def test_a_bit_that_flips_in_the_lake_is_never_ranked_from(asset: str, sunday: Undisturbed, tmp_path: Path) -> None:
    """The night builds the file again, or does without, or stops and names what builds it."""
    store = copied(sunday, tmp_path)
    damaged = files_that_count(store)[asset][0]
    flip_a_bit(damaged)

    night = child.run(*sunday.words, store=store)

    if night.code:  # without the events; or without the goods of the night before, by which its ranking is measured
        _, named, command = stopped_with(night).partition(
            f"{damaged}: is damaged, its bytes are not those written; rebuild it with: "
        )
        assert named
        assert night_of(store) == sunday.before
        do(command, store)
        need_as_undisturbed(sunday, store)
    else:
        assert night.code == 0, night.err
        assert night_of(store) == sunday.after
        follow_the_doctor(store)


def follow_the_doctor(store: Path) -> None:
    """Does the first that the doctor says, and asks again, until no promise is broken."""
    advised = []
    while (found := child.run("doctor", store=store)).code:
        [advice] = re.findall(r"^BROKEN .*\n(?: {10}.*\n)+ +→ (.*)$", found.out, re.MULTILINE)[:1]
        assert advice not in advised, found.out
        advised.append(advice)
        do(advice, store)


def do(advice: str, store: Path) -> None:
    """Runs what is advised, such as `rm -f FILE && nightrank COMMAND --store STORE  # why`."""
    for command in advice.partition("  # ")[0].split(" && "):
        program, *words = shlex.split(command)
        if program == "nightrank":
            done = child.run(*words, *plain(words[0]), store=store)
            assert done.code == 0, (advice, done.err)
        else:
            subprocess.run([program, *words], check=True)


def plain(command: str) -> list[str]:
    """Without Prefect, whose server would take longer than the test."""
    return ["--plain"] if command in ("nightly", "train") else []


def truncate(model: Path) -> None:
    weights = model / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (truncate, "weights.safetensors: is not what was saved (sha256 differs); train again with: nightrank train"),
        (poison, "hold numbers that are not finite; train again"),
    ],
    ids=["truncated", "poisoned"],
)
def test_a_checkpoint_that_is_damaged_ranks_nothing_and_is_trained_again(
    damage: Callable[[Path], None], said: str, friday: Undisturbed, tmp_path: Path
) -> None:
    store = copied(friday, tmp_path)
    [champion] = (store / "models").glob("din-*")
    damage(champion)

    assert said in stopped_with(child.run(*friday.words, store=store))
    assert night_of(store) == friday.before
    follow_the_doctor(store)
    need_as_undisturbed(friday, store)


def test_a_clock_that_fell_behind_the_night_ranks_nothing(friday: Undisturbed, tmp_path: Path) -> None:
    store = copied(friday, tmp_path)

    said = stopped_with(child.run(*friday.words, store=store, first=jump(-10_000)))

    assert re.fullmatch(r"2025-03-21 is not over yet in UTC; the newest day that is: \d{4}-\d\d-\d\d", said)
    assert night_of(store) == friday.before
    need_as_undisturbed(friday, store)


@pytest.mark.torture
@pytest.mark.parametrize("days", [-0.1, 3650])
def test_a_clock_that_jumps_changes_no_night(days: float, sunday: Undisturbed, tmp_path: Path) -> None:
    store = copied(sunday, tmp_path)

    ended = child.run(*sunday.words, store=store, first=jump(days))

    assert ended.code == 0, ended.err
    need_as_undisturbed(sunday, store)
    assert child.run("status", store=store).code == 0


@pytest.mark.torture
def test_releases_from_a_time_to_come_are_older_than_tonights(sunday: Undisturbed, tmp_path: Path) -> None:
    """The clock of the file system jumped back since they were published."""
    store = copied(sunday, tmp_path)
    for release in (store / "releases").iterdir():
        ahead = release.stat().st_mtime + DAY_SECONDS
        os.utime(release, (ahead, ahead))

    need_as_undisturbed(sunday, store)
    assert child.run("nightly", "--plain", "--ds", "2025-03-17", store=store).code == 0

    assert sorted(day.day for day in kept_nights(store)) == [15, 16, 17]


@pytest.mark.torture
@pytest.mark.parametrize(("seconds", "codes"), [(0, {0, 3}), (120, {0})])
def test_of_two_nights_at_once_one_writes_and_the_other_waits_or_says_who_does(
    seconds: int, codes: set[int], sunday: Undisturbed, tmp_path: Path
) -> None:
    store = copied(sunday, tmp_path)
    patient = partial(wait_for_others, seconds)

    with ThreadPoolExecutor(2) as both:
        nights = [both.submit(child.run, *sunday.words, store=store, first=patient) for _ in range(2)]
        ended = [night.result() for night in nights]

    assert {one.code for one in ended} == codes
    busy = [one.err for one in ended if one.code]
    assert all(re.search(r"nightrank nightly \(process \d+\) is writing; try again", err) for err in busy)
    assert [one.out for one in ended if not one.code and "OK" not in one.out] == (
        [] if busy else ["nothing to do: published already\n"]
    )
    assert ranked_by(store) == [("nightly-2025-03-16-1", "done")]
    need_as_undisturbed(sunday, store)


def ranked_by(store: Path) -> list[tuple]:
    with duckdb.connect(str(store / "warehouse.duckdb"), read_only=True) as con:
        return con.execute("select run_id, status from ops.runs where run_id like 'nightly-2025-03-16%'").fetchall()


@pytest.mark.torture
@pytest.mark.prefect
def test_prefect_may_lose_its_database_between_two_nights(sunday: Undisturbed, tmp_path: Path) -> None:
    """Killed in one run, its database deleted, and run again: what Prefect remembered was a log."""
    store, home = copied(sunday, tmp_path), tmp_path / "prefect"
    words = [word for word in sunday.words if word != "--plain"]

    killed = child.through_prefect(*words, store=store, home=home, until="candidates_built")
    assert killed.code == child.KILLED, killed.err
    assert list(home.glob("prefect.db*")) != []
    shutil.rmtree(home)
    again = child.through_prefect(*words, store=store, home=home)

    assert again.code == 0, again.err
    need_as_undisturbed(sunday, store)
