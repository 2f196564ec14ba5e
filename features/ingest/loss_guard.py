"""What a source returns for a day, compared with what the store holds -> which days a read may replace.

A read replaces a day only if the source returned at least half as many rows as the store holds. Rows that the store
holds are kept rows and duplicates; rows that the source returned are those that were not refused. Both count by the day
under which the source gave them, and without forgotten people. A day of fewer than 20 rows is kept only if the source
returned none. Any other day stays as it is until the source gives its rows again, or somebody accepts the loss.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from features.ingest.event_files import ALL_DAYS, create_events_view
from features.ingest.held_back_days import HeldBack
from features.ingest.sources import Source
from features.store import sql_builder
from features.store.warehouse import Warehouse

FEW_ROWS = 20  # a smaller day may shrink by more than half: its count says little
UNDATED = date(1970, 1, 1)  # where the ledger counts rows without a day
REASONS_SHOWN = 3
INTERNAL = ("event_no", "event_ds", "read_ds", "seen_ds", "refused")  # of an example row, not the source's


@dataclass(frozen=True)
class Refusal:
    """A reason for which rows were refused: how many, and one of them as the source gave it."""

    reason: str
    rows: int
    example: str


@dataclass
class LossGuard:
    """Decides during one read which days it replaces, and remembers those that it does not."""

    warehouse: Warehouse
    source: Source
    accepted: Collection[date]
    is_named: bool
    held: dict[date, int]
    of_other_path: set[date]
    unchanged: set[date] = field(default_factory=set)
    judged: set[date] = field(default_factory=set)
    seen: set[date] = field(default_factory=set)
    taken: set[date] = field(default_factory=set)
    held_back: list[HeldBack] = field(default_factory=list)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    returned_good: bool = False

    def take(self, start: date, end: date, with_undated: bool) -> list[date]:
        """Leaves in day_events and day_counts only the days that are replaced, and gives these days."""
        self.note_refusals()
        returned: dict[date, int] = dict(self.warehouse.run("transforms/rows_returned"))
        self.returned_good |= any(returned.values())
        self.judged = set(returned)
        self.seen |= returned.keys()
        asked = {ds for ds in self.asked_anyway() if start <= ds <= end}
        days = (asked | returned.keys()) - self.unchanged
        if with_undated and returned:
            days.add(UNDATED)  # the newest read says which rows have no day
        days -= self.lost(days, returned)
        if returned.keys() - days:
            self.warehouse.run("transforms/take_days", days=sorted(days))
        dated = sorted(days - {UNDATED})
        self.warehouse.run("transforms/days_taken", days=dated)
        self.warehouse.con.execute(sql_builder.create_is_replaced(dated))
        self.taken |= days
        return sorted(days)

    def asked_anyway(self) -> set[date]:
        """The days that are judged even if the source gives no row of them."""
        return {*self.accepted, *(ds for ds in self.held if not self.is_of_other_file(ds))}

    def lost(self, days: set[date], returned: dict[date, int]) -> set[date]:
        """Which of some days would lose too much. Rows whose event_id comes under another day are not lost."""
        held = {ds: self.held.get(ds, 0) for ds in days - set(self.accepted)}
        suspects = {ds for ds in held if is_loss(held[ds], returned.get(ds, 0))}
        moved = self.moved(suspects, days - suspects) if self.is_named and suspects else {}
        lost = {ds for ds in suspects if is_loss(held[ds] - moved.get(ds, 0), returned.get(ds, 0))}
        self.held_back += [HeldBack(ds, held[ds], returned.get(ds, 0)) for ds in lost]
        return lost

    def moved(self, suspects: set[date], replaced: set[date]) -> dict[date, int]:
        """How many rows of some days have an event_id that comes under another day too."""
        for kind, view in (("events", "kept_before"), ("duplicates", "repeats_before")):
            create_events_view(self.warehouse, self.warehouse.files(f"{kind}.{self.source.name}", *ALL_DAYS), view)
        days = {"suspects": sorted(suspects), "replaced": sorted(replaced)}
        return dict(self.warehouse.run("transforms/rows_moved", **days))

    def note_refusals(self) -> None:
        if not self.warehouse.one("transforms/any_refused"):
            return
        for reason, rows, example in self.warehouse.run("transforms/refused_reasons"):
            before = self.refusals.get(reason)
            shown = before.example if before else as_returned(example)
            self.refusals[reason] = Refusal(reason, rows + (before.rows if before else 0), shown)

    def note(self, days: list[date], made_of: str) -> None:
        """Records what the source gave for the days taken, and why rows were refused."""
        asset = self.source.asset
        self.warehouse.run("ledger/note_given", asset=asset, days=days, made_of=made_of, path=self.source.path)
        self.warehouse.run("ledger/note_refused", asset=asset, days=sorted({*self.judged, *days}))

    def close(self) -> None:
        """Records what is held back, and what is so no longer. Runs in the last transaction of a read."""
        left = self.held.keys() - self.seen - self.unchanged - self.taken - {day.ds for day in self.held_back}
        self.held_back += [HeldBack(ds, self.held[ds], 0) for ds in left if not self.is_of_other_file(ds)]
        self.held_back.sort(key=lambda day: day.ds)
        asset, warehouse = self.source.asset, self.warehouse
        warehouse.run("ledger/resolve_held_back", asset=asset, days=sorted(self.taken))
        for day in self.held_back:
            warehouse.run("ledger/hold_back", asset=asset, **vars(day), run_id=warehouse.run_id, now=warehouse.clock())

    def is_of_other_file(self, ds: date) -> bool:
        """Whether a day came from another file than the one read now, which has rows of its own."""
        return ds in self.of_other_path and (self.returned_good or bool(self.unchanged - {UNDATED}))

    @property
    def first_refusals(self) -> list[Refusal]:
        """The most frequent reasons."""
        return sorted(self.refusals.values(), key=lambda one: (-one.rows, one.reason))[:REASONS_SHOWN]

    @property
    def kept_nothing(self) -> bool:
        """Whether rows came in and every one of them was refused."""
        return bool(self.refusals) and not self.returned_good and not self.unchanged - {UNDATED}


def create_loss_guard(
    warehouse: Warehouse, source: Source, days: tuple[date, date], accepted: Collection[date], is_named: bool
) -> LossGuard:
    """The guard of a read of the days from one to another; a loss on the `accepted` days is no loss."""
    asked = {"first_ds": days[0], "last_ds": days[1], "path": source.path or ""}
    found = warehouse.run("ledger/rows_held", asset=source.asset, **asked)
    held = {ds: rows for ds, rows, _ in found}
    return LossGuard(warehouse, source, accepted, is_named, held, {ds for ds, _, is_other in found if is_other})


def is_loss(held: int, returned: int) -> bool:
    """Whether a day that holds so many rows loses too much with so many."""
    if held < FEW_ROWS:
        return held > 0 and returned == 0
    return 2 * returned < held


def as_returned(row: dict[str, Any]) -> str:
    """A row as its source gave it, without what is NULL."""
    return ", ".join(f"{name}={value}" for name, value in row.items() if value is not None and name not in INTERNAL)
