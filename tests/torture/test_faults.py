"""What else goes wrong in a night: each time one sentence says so, yesterday stays, and the same command mends it."""

import shutil
from functools import partial
from pathlib import Path

import pytest

from tests.torture import child
from tests.torture.child import Ended
from tests.torture.faults import leave_room, refuse_files_over, small_disk
from tests.torture.held import differing, held
from tests.torture.readers import night_of
from tests.torture.trials import Undisturbed

DAY_IN_SECONDS = 86_400


def copied(night: Undisturbed, place: Path) -> Path:
    return Path(shutil.copytree(night.eve, place / "store", symlinks=True))


def stopped_with(ended: Ended) -> str:
    """The sentence that a command which failed ends with."""
    assert ended.code == 1, ended
    assert "Traceback" not in ended.err
    return ended.err[ended.err.index("nightrank: ") :].removeprefix("nightrank: ").strip()


def need_as_undisturbed(night: Undisturbed, store: Path) -> None:
    """Runs the night, which nothing is in the way of any more, and holds the store against one where nothing ever
    was."""
    again = child.run(*night.words, store=store)
    assert again.code == 0, again.err
    assert differing(held(store), night.held) == []
    doctor = child.run("doctor", store=store)
    assert doctor.code == 0, doctor.out


@pytest.mark.torture
@pytest.mark.parametrize("kilobytes", [0, 50, 200, 500, 1000, 2000, 3000, 4000, 5000])
def test_a_night_on_a_full_disk_says_so_and_is_made_good_when_there_is_room(
    kilobytes: int, sunday: Undisturbed, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", 128) as disk:
        store = copied(sunday, disk)
        ballast = leave_room(disk, kilobytes)

        ended = child.run(*sunday.words, store=store)
        print("SAID", kilobytes, ended.err[-600:])

        stopped_with(ended)
        assert night_of(store) == sunday.before
        ballast.unlink()
        need_as_undisturbed(sunday, store)


@pytest.mark.torture
@pytest.mark.parametrize("kilobytes", [8, 64, 1000, 4000])
def test_a_night_whose_files_cannot_grow_says_so_and_is_made_good_when_they_can(
    kilobytes: int, sunday: Undisturbed, tmp_path: Path
) -> None:
    store = copied(sunday, tmp_path)

    ended = child.run(*sunday.words, store=store, first=partial(refuse_files_over, kilobytes))
    print("SAID", kilobytes, ended.err[-600:])

    stopped_with(ended)
    assert night_of(store) == sunday.before
    need_as_undisturbed(sunday, store)


@pytest.mark.torture
def test_a_night_on_a_disk_that_cannot_be_written_says_so(sunday: Undisturbed, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 128) as disk:
        store = copied(sunday, disk)
        remount(disk, "ro")

        ended = child.run(*sunday.words, store=store)

        assert stopped_with(ended) == ""
        assert night_of(store) == sunday.before
        remount(disk, "rw")
        need_as_undisturbed(sunday, store)
