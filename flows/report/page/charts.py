"""Numbers -> charts with every place worked out, for charts.html.j2 to draw. Sizes are in pixels of a phone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from flows.report.page.scales import Scale, ticks

WIDTH, WIDE, HEIGHT = 300, 360, 156
LEFT, RIGHT, TOP, BOTTOM = 38, 46, 12, 24
LETTER = 6  # of a label, its width
LINE_HEIGHT = 12  # of a label: two ends of lines that are closer are moved apart

Point = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """A line: `points` (x, y) in data, without those where nothing is known. `kind`: main, muted or base."""

    name: str
    points: list[Point]
    kind: str = "muted"


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """A drawn series: the places of its points, and its name at its end."""

    name: str
    kind: str
    places: list[Point]
    label_at: Point


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """A picture with its title and, for those who do not see it, its content in a sentence."""

    title: str
    said: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]
    bars: list[Bar]
    outline: str = ""
    marks: tuple[Tick, ...] = ()
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def lines(
    title: str,
    said: str,
    series: Sequence[Series],
    x_labels: Sequence[tuple[float, str]],
    form: Callable[[float], str],
    *,
    from_zero: bool = True,
    marks: Sequence[tuple[float, str]] = (),
) -> Chart:
    """Lines over a common x; the first of `x_labels` stands at the left end, the last at the right one."""
    values = [y for one in series for _, y in one.points] or [0.0]
    ys = ticks(min([0.0, *values] if from_zero else values), max(values), 4)
    xs = [x for one in series for x, _ in one.points] + [x for x, _ in x_labels]
    right = WIDTH - max([RIGHT, *(10 + LETTER * len(one.name) for one in series)])
    across = Scale(min(xs), max(xs), LEFT + 4, right - 4)
    up = Scale(ys[0], ys[-1], HEIGHT - BOTTOM, TOP)
    drawn = [(one, [(across(x), up(y)) for x, y in one.points]) for one in series if one.points]
    ends = apart([places[-1][1] for _, places in drawn])
    return Chart(
        title,
        said,
        [Tick(across(x), label) for x, label in x_labels],
        [Tick(up(y), form(y)) for y in ys],
        [
            Line(one.name, one.kind, places, (places[-1][0] + 7, end + 4))
            for (one, places), end in zip(drawn, ends, strict=True)
        ],
        [],
        marks=tuple(Tick(across(x), label) for x, label in marks),
        right=right,
    )


def apart(places: list[float]) -> list[float]:
    """The places of labels, moved down where one would lie on another, and all up where the last fell off the page."""
    order = sorted(range(len(places)), key=lambda n: places[n])
    moved = list(places)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + LINE_HEIGHT)
    low = max(moved, default=0) - (HEIGHT - BOTTOM + 4)
    return [round(place - max(low, 0), 1) for place in moved]


def histogram(title: str, said: str, now: dict[int, float], before: dict[int, float], bins: int) -> Chart:
    """Shares of rows by bins from 0 to 1: bars, and the night before as an outline over them."""
    ys = ticks(0, max([*now.values(), *before.values()]), 4)
    right = WIDE - 10
    across = Scale(0, bins, LEFT, right)
    up = Scale(ys[0], ys[-1], HEIGHT - BOTTOM, TOP)
    bars = [
        Bar(across(n) + 0.5, up(share), round(across(n + 1) - across(n) - 1, 1), round(HEIGHT - BOTTOM - up(share), 1))
        for n, share in sorted(now.items())
    ]
    steps = [f"L{across(n)} {up(before.get(n, 0.0))}L{across(n + 1)} {up(before.get(n, 0.0))}" for n in range(bins)]
    outline = f"M{across(0)} {up(0)}{''.join(steps)}" if before else ""
    return Chart(
        title,
        said,
        [Tick(across(n * bins / 5), f"{n / 5:g}") for n in range(6)],
        [Tick(up(y), f"{y:.0%}") for y in ys],
        [],
        bars,
        outline,
        width=WIDE,
        right=right,
    )


def night_labels(nights: Sequence[Any]) -> list[tuple[float, str]]:
    """The first, the middle and the last of some days, as labels under a chart whose x are the days' ordinals."""
    some = sorted({nights[0], nights[len(nights) // 2], nights[-1]} if len(nights) > 4 else {nights[0], nights[-1]})
    return [(night.toordinal(), f"{night.day} {night:%b}") for night in some]
