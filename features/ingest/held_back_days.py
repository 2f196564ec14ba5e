"""Days of which the store keeps more rows than their source gave -> what people read about them, and what to type."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from features.store.warehouse import Warehouse

DAYS_SHOWN = 10


@dataclass(frozen=True)
class HeldBack:
    """A day of which the store keeps its rows, since the source returned too few."""

    ds: date
    rows_held: int
    rows_returned: int

    def __str__(self) -> str:
        return f"{self.ds}: {self.rows_held} rows held, {self.rows_returned} returned"


def format_day_ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days as runs of days that follow each other, each by its first and last."""
    ranges: list[tuple[date, date]] = []
    for ds in sorted(days):
        if ranges and ds == ranges[-1][1] + timedelta(days=1):
            ranges[-1] = (ranges[-1][0], ds)
        else:
            ranges.append((ds, ds))
    return ranges


def accept_command(asset: str, days: Iterable[date]) -> str:
    """The command that accepts the loss of some days of a source."""
    kind, _, source = asset.partition(".")
    named = ",".join(str(first) if first == last else f"{first}..{last}" for first, last in format_day_ranges(days))
    return f"nightrank ingest {source}{'' if kind == 'events' else f' --as {kind}'} --replace-days {named}"


def held_back_warning(warehouse: Warehouse, asset: str, days: list[HeldBack]) -> str:
    """Which days of a source are held back, with both counts, and the command that accepts the loss."""
    shown = [str(day) for day in days[:DAYS_SHOWN]]
    if len(days) > DAYS_SHOWN:
        shown.append(f"and {len(days) - DAYS_SHOWN} more days (nightrank status --json)")
    command = f"{accept_command(asset, (day.ds for day in days))} --store {shlex.quote(str(warehouse.store.root))}"
    kind, _, source = asset.partition(".")
    return (
        f"source {source} returned too few {kind} of {len(days)} day(s), which stay as they are. {'; '.join(shown)}. "
        f"To replace them all the same: {command}"
    )


def held_back_warnings(warehouse: Warehouse, ds: date) -> list[str]:
    """One warning for each source that has days held back up to a night, where a read saw that in the last week."""
    rows = warehouse.run("ledger/days_held_back", ds=ds, now=warehouse.clock())
    return [
        held_back_warning(warehouse, asset, [HeldBack(*day) for _, *day in found])
        for asset, found in groupby(rows, key=lambda row: row[0])
    ]
