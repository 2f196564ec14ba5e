"""What is wrong with a night -> what it means and what to type, the worst first."""

import shlex
from dataclasses import dataclass
from typing import Any

from flows.page.gather import Page


@dataclass(frozen=True)
class Advice:
    """`kind`: stop, warn or note. `said` is a sentence, `detail` what was found, `do` a command or nothing."""

    kind: str
    said: str
    detail: str = ""
    do: str = ""


def advice(page: Page) -> list[Advice]:
    found = [*stopped(page), *failures(page), *broken(page), *late(page)]
    if page.newest != page.night["ds"]:
        found.append(
            Advice(
                "note", f"This is an earlier night; the newest published is {page.newest}.", "", command(page, "report")
            )
        )
    return sorted(found, key=lambda one: ("stop", "warn", "note").index(one.kind))


def stopped(page: Page) -> list[Advice]:
    """Nights after this one that a check kept from being published."""
    return [
        Advice(
            "stop",
            f"The night of {night['ds']} was stopped by a check; what people see is {page.newest}.",
            ", ".join(night["broken"]),
            command(page, f"nightly --ds {night['ds']}"),
        )
        for night in (page.record.parts["stopped"] if page.record else [])
    ]


def failures(page: Page) -> list[Advice]:
    """What the record says was not built: as it is now, or as it was published where somebody is writing."""
    now = page.record is not None and page.record.writer is None
    rows = page.record.parts["problems"] if page.record is not None and now else page.rows["failures"]
    return [failure(page, row) for row in rows]


def failure(page: Page, row: dict[str, Any]) -> Advice:
    said = f"{row['asset']} of {row['ds']} {'failed' if row['status'] == 'failed' else 'was interrupted'}."
    again = "nightly" if row["asset"].startswith(("run of", "night")) else f"backfill {row['ds']} {row['ds']}"
    mode = " --mode failed" if again.startswith("backfill") else ""
    return Advice("warn", said, row["error"] or "", command(page, again + mode))


def broken(page: Page) -> list[Advice]:
    """The checks of the night that found rows."""
    return [
        Advice(
            check["severity"],
            f"The check {check['name']} found {check['broken']} {'row' if check['broken'] == 1 else 'rows'}.",
            what_it_finds(page.promises[check["name"]]),
            command(page, f"sql sql/checks/{check['name']}.sql"),
        )
        for check in page.rows["checks"]
        if check["broken"]
    ]


def late(page: Page) -> list[Advice]:
    """Sources that were not read up to the night's day."""
    return [
        Advice(
            "warn",
            f"The source {source['source']} was read up to {source['last_ds']}, {source['days_behind']} "
            f"{'day' if source['days_behind'] == 1 else 'days'} before this night.",
            "",
            command(page, f"ingest {shlex.quote(source['source'])}"),
        )
        for source in page.rows["sources"]
        if source["days_behind"]
    ]


def what_it_finds(promise: str) -> str:
    return promise.removeprefix("one row per ").strip()


def command(page: Page, words: str) -> str:
    return f"nightrank {words} --store {shlex.quote(str(page.store.root))}"
