"""Values -> places on a chart: straight scales, and ticks at round numbers and dates."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Scale:
    """From `low` to `high` in data to `start` to `end` on the page; a range of no width lies in the middle."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        width = self.high - self.low
        share = (value - self.low) / width if width else 0.5
        return round(self.start + share * (self.end - self.start), 1)


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Round numbers that enclose the range, in at most about so many steps; the first and last are its new ends."""
    if high <= low:
        low, high = (low - abs(low) / 10, high + abs(high) / 10) if low else (0.0, 1.0)
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step * power for step in STEPS if step * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def dates(first: datetime, last: datetime, most: int = 5) -> list[datetime]:
    """Midnights, Mondays, or firsts of months within the range, no more than so many."""
    days = max((last - first).days, 1)
    if days <= 3 * most:
        midnight = midnight_of(first) + timedelta(days=1)
        found = [midnight + timedelta(days=n) for n in range(days + 1)]
    elif days <= 10 * most:
        monday = midnight_of(first) + timedelta(days=7 - first.weekday())
        found = [monday + timedelta(days=7 * n) for n in range(days // 7 + 1)]
    else:
        months = [(first.year * 12 + first.month + n) for n in range(days // 28 + 1)]
        found = [midnight_of(first).replace(month // 12, month % 12 + 1, 1) for month in months]
    found = [moment for moment in found if first <= moment <= last]
    every = -(-len(found) // most) or 1
    return found[::every]


def midnight_of(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
