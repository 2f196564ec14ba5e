"""What an asset is made of, part by part: its fingerprint, and the words for what has changed since it was built.

Each builder has one function that gives its fingerprint, which the plan calls too, so that they cannot disagree.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from features.store import sql_files

SEEN = "events_seen"  # a number of rows, kept as it is, so that a plan can say how many came late
OF_EVENTS = ("events", SEEN)
SECTION = "settings."
WORDS = {
    "labels": "events of the day itself changed since it was built",
    "query": "source query changed",
    "sql": "SQL changed",
    "code": "code changed",
    "goods": "goods catalogue changed",
    "shops": "shops of the goods catalogue changed",
    "impressions": "impressions changed",
    "tables": "files in the store's candidates/ changed",
    "blocked": "block list changed",
    "candidates": "candidates changed",
    "sequences": "sequences changed",
    "model": "model changed",
    "mean": "model of mean pooling changed",
    "rankings": "ranking of the night before changed",
}


@dataclass(frozen=True)
class Fingerprint:
    """The parts that shape an asset of a day, each a short hash."""

    parts: dict[str, str]

    @property
    def hash(self) -> str:
        return sql_files.fingerprint(*sorted(self.parts.items()))

    @property
    def ledger(self) -> dict[str, Any]:
        """What a ledger row takes, by the names of its parameters."""
        return {
            "fingerprint": self.hash,
            "part_names": list(self.parts),
            "part_hashes": list(self.parts.values()),
        }

    @property
    def shape(self) -> str:
        """All but the events: what an asset made from this one is shaped by, beside the same events."""
        return sql_files.fingerprint(*sorted(part for part in self.parts.items() if part[0] not in OF_EVENTS))


def fingerprint(parts: dict[str, Any]) -> Fingerprint:
    """The fingerprint of these parts: any values whose `repr` tells them apart."""
    return Fingerprint(
        {name: str(value) if name == SEEN else sql_files.fingerprint(value)[:12] for name, value in parts.items()}
    )


def sql_texts(*names: str) -> dict[str, str]:
    """The text of some statements by name, as a part."""
    return {name: sql_files.read(name) for name in names}


def explain_change(was: dict[str, str], now: dict[str, str], ds: date) -> str:
    """What has changed since an asset was built that sees events up to `ds`, in words; empty where nothing has."""
    changed = [name for name in (*now, *(set(was) - set(now))) if was.get(name) != now.get(name)]
    sections = [name.removeprefix(SECTION) for name in changed if name.startswith(SECTION)]
    said = [late_events(was, now, ds)] if set(changed) & set(OF_EVENTS) else []
    said += [f"settings changed: {', '.join(sections)}"] if sections else []
    return "; ".join([*said, *(WORDS[name] for name in changed if name in WORDS)])


def late_events(was: dict[str, str], now: dict[str, str], ds: date) -> str:
    """How many more events are seen than when the asset was built, or that they are others."""
    more = int(now.get(SEEN, 0)) - int(was.get(SEEN, 0))
    if not more:
        return f"events up to {ds} changed since it was built"
    rows = "row" if abs(more) == 1 else "rows"
    return f"late events: {abs(more)} {rows} {'more' if more > 0 else 'fewer'} seen by {ds} than when it was built"
