"""A night killed with SIGKILL at each of its writes and at any moment: nothing is lost, and nobody sees half of one."""

import random
from pathlib import Path

import pytest

from tests.torture.trials import Moment, Outcome, Undisturbed, trials

SEED = 17
FEW = 5
ANY_MOMENTS = 40


def wrong_in(found: list[Outcome]) -> list[str]:
    return [f"{one.moment}: {wrong}" for one in found for wrong in one.wrong]


def tell(found: list[Outcome], night: Undisturbed, capsys: pytest.CaptureFixture[str]) -> None:
    kills, reads = sum(one.was_killed for one in found), sum(one.reads for one in found)
    with capsys.disabled():
        print(f"\n{kills} kills of a night of {len(night.writes)} writes, {reads} reads meanwhile")


def test_a_night_killed_at_some_of_its_writes_is_published_by_the_next_run(friday: Undisturbed, tmp_path: Path) -> None:
    """Spread over the night, and the flip itself."""
    every, flip = len(friday.writes) // FEW, friday.writes.index("os.rename .published.making") + 1
    moments = [Moment(before_write=n) for n in (*range(every, len(friday.writes), every), flip, flip + 1)]

    found = trials(friday, moments, tmp_path)

    assert wrong_in(found) == []
    assert [one.was_killed for one in found] == [True] * len(moments)


@pytest.mark.torture
def test_a_night_killed_at_each_of_its_writes_is_published_by_the_next_run(
    sunday: Undisturbed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moments = [Moment(before_write=n) for n in range(1, len(sunday.writes) + 1)]

    found = trials(sunday, moments, tmp_path)

    tell(found, sunday, capsys)
    assert wrong_in(found) == []
    assert [one.was_killed for one in found] == [True] * len(moments)
    assert len(moments) >= 200
    assert sum(one.reads for one in found) >= 1500


@pytest.mark.torture
def test_a_night_killed_at_any_moment_is_published_by_the_next_run(
    sunday: Undisturbed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """DuckDB and Polars write without telling Python: in the midst of that a clock may hit."""
    draw, found = random.Random(SEED), []
    while sum(one.was_killed for one in found) < ANY_MOMENTS:  # some nights come to their end before
        moments = [Moment(after_seconds=draw.uniform(0, sunday.seconds)) for _ in range(ANY_MOMENTS // 4)]
        place = tmp_path / f"after-{len(found)}"
        place.mkdir()
        found += trials(sunday, moments, place)

    tell(found, sunday, capsys)
    assert wrong_in(found) == []
