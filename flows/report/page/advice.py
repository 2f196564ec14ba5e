"""What is wrong with a night -> what it means and what to type, the worst first."""

import shlex
from dataclasses import dataclass
from typing import Any

import features
from flows.report.page.gather import Page


@dataclass(frozen=True)
class Advice:
    """`kind`: stop, warn or note. `said` is a sentence, `detail` what was found, `do` a command or nothing."""

    kind: str
    said: str
    detail: str = ""
    do: str = ""


def advice(page: Page) -> list[Advice]:
    found = [*stopped(page), *failed(page), *failed_assets(page), *failed_checks(page), *stale_sources(page)]
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


def failed(page: Page) -> list[Advice]:
    """The night that was tried last, where it failed and no check had stopped it."""
    told = page.record.parts["summary"] if page.record else []
    checked = [night["ds"] for night in page.record.parts["stopped"]] if page.record else []
    return [
        Advice(
            "stop",
            f"The night of {night['ds']} failed in {night['stage']}; what people see is {page.newest}.",
            night["error"],
            command(page, f"nightly --ds {night['ds']}"),
        )
        for night in told
        if night["state"].startswith("FAILED") and night["ds"] not in checked
    ]


def failed_assets(page: Page) -> list[Advice]:
    """What the record says was not built: as it is now, or as it was published where somebody is writing."""
    now = page.record is not None and page.record.writer is None
    rows = page.record.parts["problems"] if page.record is not None and now else page.rows["failures"]
    return [failure(page, row) for row in rows]


def failure(page: Page, row: dict[str, Any]) -> Advice:
    said = f"{row['asset']} of {row['ds']} {'failed' if row['status'] == 'failed' else 'was interrupted'}."
    return Advice("warn", said, row["error"] or "", again(page, row["asset"], row["ds"]))


def again(page: Page, asset: str, ds: Any) -> str:
    """What to type for something that came to no end; nothing where nobody can know what it was told."""
    if asset in ("night", "run of nightly"):
        return command(page, f"nightly --ds {ds}")
    if asset == "run of train":
        return command(page, f"train --ds {ds}")
    return "" if asset.startswith("run of ") else command(page, f"backfill {ds} {ds} --mode failed")


def failed_checks(page: Page) -> list[Advice]:
    """The checks of the night that found rows."""
    return [
        Advice(
            check["severity"],
            f"The check {check['name']} found {check['broken']} {'row' if check['broken'] == 1 else 'rows'}.",
            detail(page, check["name"]),
            command(page, f"sql sql/checks/{check['name']}.sql"),
        )
        for check in page.rows["checks"]
        if check["broken"]
    ]


def stale_sources(page: Page) -> list[Advice]:
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


def detail(page: Page, check: str) -> str:
    """What a check finds, and what it says to do."""
    said = (what_it_finds(page.promises[check]), features.store.sql_files.remedy(check))
    return ". ".join(filter(None, said))


def what_it_finds(promise: str) -> str:
    return promise.removeprefix("one row per ").strip()


def command(page: Page, words: str) -> str:
    return f"nightrank {words} --store {shlex.quote(str(page.store.root))}"
