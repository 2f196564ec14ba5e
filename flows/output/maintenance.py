"""What keeping a store well found -> what a person reads on stdout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flows.output.results import line

if TYPE_CHECKING:
    from features import Finding, RemovalItem, RollbackResult, Store

FEW, MOST = 3, 5


def findings(found: list[Finding]) -> None:
    """A line or more for each promise, and a last one that counts those that hold."""
    for one in found:
        finding(one)
    broken = sum(bool(one.broken) and not one.is_note for one in found)
    notes = sum(bool(one.broken) and one.is_note for one in found)
    line(f"{len(found) - broken - notes} promises hold, {broken} broken, {notes} to note")


def finding(one: Finding) -> None:
    """One line for a promise, and under one that is broken what breaks it and how to mend that."""
    said = "note" if one.broken and one.is_note else "BROKEN" if one.broken else "ok"
    found = f"  ({by_size(one.found)})" if one.found and not one.broken else ""
    line(f"{said:<7} {one.promise}{found}")
    for broken in one.broken[:MOST]:
        line(f"          {by_size(broken.what)}")
    if len(one.broken) > MOST:
        line(f"          ... and {len(one.broken) - MOST} more: nightrank doctor --json")
    for remedy in list(dict.fromkeys(broken.remedy for broken in one.broken))[:MOST]:
        line(f"        → {remedy}")


def by_size(said: str) -> str:
    """Numbers of bytes as people say them."""
    return re.sub(r"(\d+) bytes", lambda match: size(int(match[1])), said)


def rolled_back(store: Store, found: RollbackResult) -> None:
    """What people see now, what was taken back, and what the next night does."""
    line(f"{found.ds} is published, from releases/{found.release}")
    for said, nights in (("taken back", found.taken_back), ("back again", found.came_back)):
        if nights:
            line(f"{said}     {', '.join(map(str, nights))}")
    if found.ranked_since:
        line(f"ranked since   {', '.join(map(str, found.ranked_since))}: the next release holds them anew")
    if found.warnings:
        line(f"checks warn    {', '.join(found.warnings)}")
    if found.taken_back:
        first, last = found.taken_back[0], found.taken_back[-1]
        line(f"next           {store.command('nightly')} ranks the night after, without these, by the same model")
        line(f"to build them  {store.command(f'backfill {first} {last} --mode failed --reason WHY')}")


def removals(store: Store, gone: list[RemovalItem], dry_run: bool) -> None:
    """One line for each kind of what goes, and a last one with all of it."""
    for kind in dict.fromkeys(one.kind for one in gone):
        own = [one for one in gone if one.kind == kind]
        days = sorted({one.ds for one in own if one.ds})
        named = f"{len(days)} days, {days[0]} to {days[-1]}" if days else first_few([one.path for one in own])
        line(f"{kind:<16} {len(own):>6} {size(sum(one.bytes for one in own)):>10}  {named}")
    total = f"{len(gone)} files, {size(sum(one.bytes for one in gone))}"
    would = f"{total} would go: {store.command('housekeeping')}" if dry_run else f"{total} removed"
    line(would if gone else "nothing to remove")


def first_few(names: list[str]) -> str:
    return ", ".join(names[:FEW]) + (", ..." if len(names) > FEW else "")


def size(given: float) -> str:
    """Bytes, as people say them."""
    for unit in ("B", "kB", "MB", "GB"):
        if given < 1000:
            return f"{given:.0f} {unit}" if unit == "B" else f"{given:.1f} {unit}"
        given /= 1000
    return f"{given:.1f} TB"
