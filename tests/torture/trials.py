"""A trial: a store on the eve of a night, the night killed while somebody reads, and the same command once more."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tests.torture import child
from tests.torture.held import Digests, differing, held, kept_nights
from tests.torture.readers import Night, Seen, night_of, reading_on

LANES = 2  # trials at a time


@dataclass(frozen=True)
class Moment:
    """When a night is killed: right before its n-th write, or after so many seconds."""

    before_write: int | None = None
    after_seconds: float | None = None


@dataclass(frozen=True)
class Undisturbed:
    """A night that nobody disturbs: the command, what people saw before it and see after, what the store then holds and
    which nights it could go back to, what it wrote on the way, and how long it took."""

    eve: Path
    words: tuple[str, ...]
    before: Night
    after: Night
    held: Digests
    kept: set[date]
    writes: list[str]
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """What became of a trial. `wrong` is what should not have been, in words."""

    moment: Moment
    was_killed: bool
    reads: int
    wrong: list[str]


def trials(night: Undisturbed, moments: list[Moment], place: Path) -> list[Outcome]:
    """Goes through trials, some at a time."""
    with ThreadPoolExecutor(LANES) as lanes:
        return list(lanes.map(lambda one: trial(night, one[1], place / f"trial-{one[0]}"), enumerate(moments)))


def trial(night: Undisturbed, moment: Moment, place: Path) -> Outcome:
    """Kills the night at a moment, looks, runs it again, and looks again."""
    place.mkdir()
    store = Path(shutil.copytree(night.eve, place / "store", symlinks=True))
    with reading_on(store) as seen:
        killed = child.run(*night.words, store=store, **vars(moment))
        between = night_of(store)
        again = child.run(*night.words, store=store)
    doctor = child.run("doctor", store=store)
    wrong = [
        *faults_of(night, seen, between),
        *([f"the night ended with {killed.code}: {killed.err}"] if killed.code not in (0, child.KILLED) else []),
        *([f"the rerun ended with {again.code}: {again.err}"] if again.code else []),
        *([f"the doctor finds: {doctor.out}"] if doctor.code else []),
        *(f"differs: {name}" for name in differing(held(store), night.held)),
        *(f"no way back to {ds}" for ds in sorted(night.kept - kept_nights(store))),
    ]
    if not wrong:
        shutil.rmtree(place)
    return Outcome(moment, killed.code == child.KILLED, seen.reads, wrong)


def faults_of(night: Undisturbed, seen: Seen, between: Night) -> list[str]:
    """What readers should not have met: a refusal, or anything but the night before and the new one."""
    known = {night.before, night.after}
    strange = [f"a reader saw {one}" for one in sorted(seen.nights - known | {between} - known, key=str)]
    return [f"a reader was refused: {error}" for error in seen.refused] + strange
