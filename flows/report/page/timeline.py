"""A user's history and what a ranked goods attended to in it -> a timeline: goods above, shops below, time along.

Each event is a tick on the line of its group; what was attended to is a numbered disc above the line, the larger the
more weight, stacked where several lie at one moment.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flows.report.page.charts import Tick
from flows.report.page.scales import Scale, dates

WIDTH, LEFT, RIGHT = 340, 46, 12
LEAST, MOST = 6.5, 10.5  # radius of a disc: room for a figure, and of the heaviest
GAP, AXIS, SPARE = 1.5, 20, 7
PARTS = ("goods", "shop")
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - times are UTC without a zone inside


@dataclass(frozen=True)
class Disc:
    """One history goods or shop: its number in the list below, its weight as a size, its meaning in words."""

    number: int
    x: float
    y: float
    radius: float
    kind: str
    said: str


@dataclass(frozen=True)
class Row:
    """One group: where its line lies, its ticks, its discs."""

    part: str
    y: float
    events: list[float]
    discs: list[Disc]


@dataclass(frozen=True)
class Timeline:
    said: str
    rows: list[Row]
    ticks: list[Tick]
    width: int
    height: float
    left: int
    right: int


def timeline(title: str, events: list[dict[str, Any]], weights: list[dict[str, Any]], until: datetime) -> Timeline:
    """`events`: part, event_ts. `weights`: part, history_id, history_name, event_ts, weight, the strongest first in
    each part. `until` is the end of the night's day, where the line ends."""
    moments = [row["event_ts"] for row in (*events, *weights)]
    first = min(moments, default=until)
    across = Scale(seconds(first), seconds(until), LEFT + MOST, WIDTH - RIGHT)
    top, rows = 2.0, []
    for part in PARTS:
        discs, height = stacked([row for row in weights if row["part"] == part], across)
        base = round(top + height + SPARE, 1)
        ticks = sorted({across(seconds(row["event_ts"])) for row in events if row["part"] == part})
        placed = [
            Disc(disc.number, disc.x, round(base - SPARE - disc.y, 1), disc.radius, disc.kind, disc.said)
            for disc in discs
        ]
        rows.append(Row("shops" if part == "shop" else part, base, ticks, placed))
        top = base + 8
    form = "%b %Y" if (until - first).days > 300 else "%b" if (until - first).days > 50 else "%d %b"
    marks = [
        Tick(across(seconds(moment)), f"{moment:{form}}".lstrip("0"))
        for moment in dates(first, until, 4 if form == "%b %Y" else 5)
    ]
    return Timeline(said(title, weights), rows, marks, WIDTH, top + AXIS, LEFT, WIDTH - RIGHT)


def stacked(weights: list[dict[str, Any]], across: Scale) -> tuple[list[Disc], float]:
    """The discs of one group, the heaviest on the line and those that would lie on others above them, `y` counted up
    from the line; and how high they reach."""
    largest = max((abs(row["weight"]) for row in weights), default=0.0) or 1.0
    discs: list[Disc] = []
    for number, row in enumerate(weights, start=1):
        share = abs(row["weight"]) / largest
        radius = round(LEAST + (MOST - LEAST) * math.sqrt(share), 1)
        x = across(seconds(row["event_ts"]))
        kind = "against" if row["weight"] < 0 else "strong" if share >= 0.5 else "weak"
        discs.append(Disc(number, x, free_height(x, radius, discs), radius, kind, in_words(row)))
    return discs, max((disc.y + disc.radius for disc in discs), default=LEAST)


def free_height(x: float, radius: float, placed: list[Disc]) -> float:
    """The lowest height at which a disc lies on no other."""
    heights = [radius]
    for disc in placed:
        reach = disc.radius + radius + GAP
        if abs(disc.x - x) < reach:
            heights.append(disc.y + math.sqrt(reach**2 - (disc.x - x) ** 2))
    free = [height for height in heights if all(clear(x, height, radius, disc) for disc in placed)]
    return min(free)


def clear(x: float, y: float, radius: float, disc: Disc) -> bool:
    return math.hypot(disc.x - x, disc.y - y) >= disc.radius + radius + GAP - 0.01


def seconds(moment: datetime) -> float:
    """On one line of time; `timestamp()` would ask the machine where it is."""
    return (moment - EPOCH).total_seconds()


def in_words(row: dict[str, Any]) -> str:
    named = f"{row['history_id']} {row['history_name'] or ''}".strip()
    return f"{named}, last on {row['event_ts']:%Y-%m-%d}: {row['weight']:+.3f}"


def said(title: str, weights: list[dict[str, Any]]) -> str:
    strongest = [
        f"{part} {in_words(first[0])}"
        for part in PARTS
        for first in [[row for row in weights if row["part"] == part]]
        if first
    ]
    return (
        f"{title}: most weight on {' and on '.join(strongest)}." if strongest else f"{title}: nothing in the history."
    )
