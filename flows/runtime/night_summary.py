"""A night that ended, one way or the other -> what whoever is on call is told, as a log line and as Markdown."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import date
from typing import Any

import features
from features import Summary, Warehouse
from flows.runtime.progress import log
from flows.runtime.steps import StageTimer

Notifier = Callable[[Summary], None]
LISTS = ("sources", "stages", "advice")  # in a log line, their parts
VOLUMES = ("events", "users", "candidates", "rows")


def log_summary(summary: Summary) -> None:
    """The line `night_summary`, with what is known of the night."""
    told = {one.name: getattr(summary, one.name) for one in fields(summary) if one.name not in LISTS}
    told |= {f"{one['source']}_days_behind": one["days_behind"] for one in summary.sources}
    told |= {f"{stage}_seconds": seconds for stage, seconds in summary.stages.items()}
    told |= {"error": summary.headline, "to_do": len(summary.advice)}
    known = {name: value for name, value in told.items() if value is not None}
    (log.error if summary.failed else log.info)("night_summary", **known)


def notify_published(night: Warehouse, ds: date, tell: Notifier) -> None:
    """Tells of a night that is published, whose summary is in the record."""
    summary = features.load_summary(night, ds)
    if summary:
        tell(summary)


@contextmanager
def notify_on_failure(night: Warehouse, ds: date, stages: StageTimer, tell: Notifier) -> Iterator[None]:
    """Whatever stops a night is kept and told; what somebody stopped by hand is kept and logged alone."""
    try:
        with features.translate_errors():
            yield
    except BaseException as stopped:
        by_hand = not isinstance(stopped, Exception)  # Ctrl-C, and SIGTERM as Prefect raises it
        error = "stopped by Ctrl-C or SIGTERM" if by_hand else str(stopped) or type(stopped).__name__
        again = (
            f"put right what it says, then: nightrank nightly --ds {ds} --store {shlex.quote(str(night.store.root))}"
        )
        summary = features.summarize_failure(night, ds, stages.at, error, stages.seconds, again)
        if summary:
            (log_summary if by_hand else tell)(summary)
        raise


def sentence(summary: Summary) -> str:
    """A night in a sentence."""
    if summary.state == "FAILED":
        return f"the night of {summary.ds} failed in {summary.stage}, and nothing is published: {summary.headline}"
    if summary.failed:
        return f"the night of {summary.ds} failed in {summary.stage}; yesterday stays published: {summary.headline}"
    if summary.advice:
        return f"the night of {summary.ds} is published, with warnings: {len(summary.advice)}"
    return f"the night of {summary.ds} is published"


def markdown(summary: Summary) -> str:
    """A night as a page of text with tables, for Prefect."""
    volumes = [(name, getattr(summary, name), getattr(summary, f"{name}_median")) for name in VOLUMES]
    seconds = [(stage, f"{seconds:.1f}") for stage, seconds in summary.stages.items()]
    parts = [
        f"# {summary.ds}: {summary.state}",
        f"{sentence(summary)}.",
        *(f"- {one}" for one in summary.advice),
        table(("volume", "tonight", "median of the last nights"), volumes),
        table(("source", "newest event", "days behind"), [tuple(one.values()) for one in summary.sources]),
        table(("measure", "tonight", "beside"), measures(summary)),
        table(("stage", "seconds"), seconds),
    ]
    return "\n\n".join(parts)


def measures(summary: Summary) -> list[tuple[Any, ...]]:
    """What was measured of a night, each beside what it is held against."""
    baseline = f"{summary.baseline} {number(summary.baseline_hit_rate)}" if summary.baseline else ""
    return [
        (f"hit rate at {shown(summary.k)}", number(summary.hit_rate), baseline),
        ("PSI of the scores", number(summary.psi), f"limit {number(summary.psi_limit)}"),
        ("overlap with the night before", number(summary.overlap), ""),
        ("goods ranked, of all", number(summary.goods_share), ""),
        (f"GAUC of {shown(summary.model_id)}", number(summary.gauc), f"mean pooling {number(summary.base_gauc)}"),
        ("its age in days", shown(summary.model_days), ""),
        ("late events", shown(summary.late_rows), f"of {shown(summary.late_days)} days"),
    ]


def number(value: float | None) -> str:
    return "—" if value is None else f"{value:.4f}"


def shown(value: Any) -> str:
    return "—" if value is None else str(value)


def table(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """A table of Markdown."""
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(shown, line))} |" for line in lines)
