"""The ledger -> what would be built between two days, and why: missing, failed, interrupted, stale, damaged, or ok.

Each asset's fingerprint as it would be built now is held against the one the ledger keeps; nothing is written, and no
file of the lake is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Any, Literal

from features.candidates.candidates import candidates_fingerprint
from features.candidates.item_stats import night_goods_fingerprint, night_pairs_fingerprint
from features.config import CandidateConfig, ExampleConfig, IngestConfig, RankingConfig, SequenceConfig
from features.ingest.event_files import ALL_DAYS
from features.ingest.impressions import impressions_fingerprint
from features.ingest.ingest_events import event_days, events_fingerprint
from features.ingest.source_registry import last_day_read, registered_sources
from features.rankings.outcomes import outcomes_fingerprint
from features.rankings.rankings import ranking_fingerprint
from features.sequences.histories import has_snapshot, histories_fingerprint, weekly_snapshot_day
from features.sequences.history_slices import GROUPS
from features.sequences.sequences import sequences_fingerprint
from features.store import sql_files
from features.store.fingerprints import Fingerprint, explain_change
from features.store.warehouse import CachingWarehouse, Warehouse
from features.training.examples import examples_fingerprint
from features.training.model_registry import champion_id

State = Literal[
    "ok",
    "missing",
    "failed",
    "interrupted",
    "stale",
    "damaged",
    "rolled_back",
    "removed",
    "no_model",
    "too_early",
    "not_kept",
]
BUILD_ORDER = (
    "histories",
    "goods_sequences",
    "shop_sequences",
    "night_goods",
    "night_pairs",
    "candidates",
    "examples",
    "rankings",
    "outcomes",
)
PUBLISHED = ("OK", "OK_WITH_WARNINGS")
ROW_COUNTED_ASSETS = tuple(
    asset for asset in BUILD_ORDER if asset != "outcomes"
)  # the ledger says how many rows each has
DAY = timedelta(days=1)


@dataclass(frozen=True)
class PlanSettings:
    """The settings that shape assets; how many days up to its own a model learns from and is measured on; and the
    newest day that is over."""

    sequences: SequenceConfig
    candidates: CandidateConfig
    examples: ExampleConfig
    ingest: IngestConfig
    ranking: RankingConfig
    window_days: int
    over: date


@dataclass(frozen=True)
class PlannedAsset:
    """An asset of a day: the state it is in, and why, in words; no reason where it is ok."""

    ds: date
    asset: str
    state: State
    reason: str


PlannedInputs = tuple[date, str, Fingerprint]


def plan(warehouse: Warehouse, first_ds: date, last_ds: date, shaping: PlanSettings) -> list[PlannedAsset]:
    """Every asset that these days should have, both included, by day, in the order they are built.

    Sundays before the first day that its nights build on are there too. Nobody may be writing meanwhile.
    """
    still = CachingWarehouse(warehouse.store, warehouse.con, warehouse.clock, warehouse.run_id)
    if event_days(still) is None:
        return []
    wanted = chain(
        plan_ingest(still, first_ds, last_ds, shaping),
        nights(still, first_ds, last_ds, shaping),
        examples(still, first_ds, last_ds, shaping),
        rankings(still, first_ds, last_ds, shaping),
        outcomes(still, first_ds, last_ds, shaping),
    )
    ledger = rows_of(still, weekly_snapshot_day(first_ds), last_ds)
    lost = row_mismatches(still, ledger) | missing_files(still, weekly_snapshot_day(first_ds), last_ds)
    found = [plan_asset(still, one, ledger.get(one[:2]), lost.get(one[:2])) for one in wanted]
    return sorted(found, key=lambda one: (one.ds, build_position(one.asset), one.asset))


def build_position(asset: str) -> int:
    return BUILD_ORDER.index(asset) if asset in BUILD_ORDER else -1


def plan_ingest(still: Warehouse, first_ds: date, last_ds: date, shaping: PlanSettings) -> Iterator[PlannedInputs]:
    """The days of each source of events or impressions that are read, and those after them that are over."""
    rows = rows_of(still, first_ds, last_ds)
    for source in (*registered_sources(still, "events"), *registered_sources(still, "impressions")):
        is_events = source.kind == "events"
        kept = events_fingerprint(still, source, shaping.ingest) if is_events else impressions_fingerprint(source)
        read = last_day_read(still, source)
        for ds in days_between(first_ds, min(last_ds, max(shaping.over, read or shaping.over))):
            if (ds, source.asset) in rows or (read and ds > read):
                yield ds, source.asset, kept


def nights(still: Warehouse, first_ds: date, last_ds: date, shaping: PlanSettings) -> Iterator[PlannedInputs]:
    """What the nights of these days read, and what their Sundays bring them."""
    found = days_between(max(first_ds, first_event(still)), min(last_ds, newest_night(still, shaping)))
    bases = {weekly_snapshot_day(ds) for ds in found if has_snapshot(still, weekly_snapshot_day(ds))}
    for ds in sorted(bases):
        yield ds, "histories", histories_fingerprint(still, ds)
    for ds in sorted({*found, *bases}):
        for part in GROUPS:
            yield ds, f"{part}_sequences", sequences_fingerprint(still, ds, part, shaping.sequences)
    for ds in found:
        yield ds, "night_goods", night_goods_fingerprint(still, ds, shaping.candidates)
        yield ds, "night_pairs", night_pairs_fingerprint(still, ds, shaping.candidates)
        yield ds, "candidates", candidates_fingerprint(still, ds, shaping.candidates)


def examples(still: Warehouse, first_ds: date, last_ds: date, shaping: PlanSettings) -> Iterator[PlannedInputs]:
    """The examples of the days a model learns from, and those built before."""
    rows = rows_of(still, first_ds, last_ds)
    until = examples_until(still, shaping)
    learned = days_between(until - DAY * (shaping.window_days - 1), until)
    for ds in days_between(first_ds, last_ds):
        if (ds, "examples") in rows or (ds in learned and ds > first_event(still)):
            seen = label_cutoff(still, ds, shaping)
            yield ds, "examples", examples_fingerprint(still, ds, seen, shaping.examples, shaping.candidates)


def examples_until(still: Warehouse, shaping: PlanSettings) -> date:
    """The day of the newest training, or where there was none, of the one to come."""
    return next(iter(trained_days(still)), newest_night(still, shaping))


def label_cutoff(warehouse: Warehouse, ds: date, shaping: PlanSettings) -> date:
    """Until when the labels of a day may have become known: the day of the newest training that learned from it."""
    learned = (day for day in trained_days(warehouse) if ds <= day < ds + DAY * shaping.window_days)
    return max(ds, next(learned, newest_night(warehouse, shaping)))


def trained_days(warehouse: Warehouse) -> list[date]:
    return [ds for (ds,) in warehouse.run("ledger/trained_days")]


def rankings(still: Warehouse, first_ds: date, last_ds: date, shaping: PlanSettings) -> Iterator[PlannedInputs]:
    """The nights that were ranked, and those after the newest published; a night without a model has no ranking."""
    ended = night_ends(still)
    newest = newest_night(still, shaping)
    published = max((ds for ds, (status, _) in ended.items() if status in PUBLISHED), default=newest - DAY)
    for ds in days_between(first_ds, last_ds):
        model_id = champion_id(still, ds) if ds in ended or published < ds <= newest else None
        if model_id:
            settings = (shaping.sequences, shaping.candidates, shaping.ranking)
            yield ds, "rankings", ranking_fingerprint(still, ds, model_id, *settings)


def outcomes(still: Warehouse, first_ds: date, last_ds: date, shaping: PlanSettings) -> Iterator[PlannedInputs]:
    """The outcomes that were measured."""
    rows = rows_of(still, first_ds, last_ds)
    for ds in days_between(first_ds, last_ds):
        if (ds, "outcomes") in rows:
            yield ds, "outcomes", outcomes_fingerprint(still, ds, shaping.examples, shaping.ranking.max_per_shop)


def plan_asset(still: Warehouse, one: PlannedInputs, row: dict[str, Any] | None, lost: str | None) -> PlannedAsset:
    """What the ledger says of an asset, against what it would be made of now."""
    ds, asset, now = one
    if row is None:
        is_source = build_position(asset) < 0
        reason = f"not read yet: {ingest_command(still, asset)}" if is_source else "never built"
        return PlannedAsset(ds, asset, "missing", reason)
    if row["status"] == "failed":
        return PlannedAsset(ds, asset, "failed", f"failed: {row['error']}")
    if row["status"] == "running":
        return PlannedAsset(ds, asset, "interrupted", f"{('run ' + row['run_id']).strip()} was killed")
    if row.get("removed_at"):
        when = row["removed_at"].date()
        return PlannedAsset(ds, asset, "removed", f"housekeeping removed its files on {when}; built when needed")
    if asset == "rankings" and (ended := unpublished(still, ds, row["run_id"])):
        return ended
    if row["fingerprint"] != now.hash:
        return PlannedAsset(ds, asset, "stale", why_stale(still, one, row.get("parts")))
    if lost:
        return PlannedAsset(ds, asset, "damaged", lost)
    return PlannedAsset(ds, asset, "ok", "")


def why_stale(still: Warehouse, one: PlannedInputs, parts: dict[str, str] | None) -> str:
    ds, asset, now = one
    seen_by = ds - DAY if asset == "examples" else ds
    said = explain_change(parts, now.parts, seen_by) if parts else "built by an earlier version"
    if build_position(asset) < 0:
        return f"{said}; {ingest_command(still, asset)}"
    return f"{said}; published: rebuilt only with --reason" if asset == "rankings" else said


def unpublished(still: Warehouse, ds: date, ranked_by: str) -> PlannedAsset | None:
    """A ranking that is built and that people do not see: its run was killed, or stopped by a check, before that."""
    status, run_id = night_ends(still).get(ds, ("RANKED", ranked_by))
    if status == "RANKED" or (status in PUBLISHED and run_id != ranked_by):
        return PlannedAsset(
            ds, "rankings", "interrupted", f"ranked, and {ranked_by} was killed before it was published"
        )
    if status == "ROLLED_BACK":
        return PlannedAsset(ds, "rankings", "rolled_back", "rolled back: built again only with --reason")
    if status not in PUBLISHED:
        return PlannedAsset(ds, "rankings", "failed", "failed: a check stopped it (nightrank status)")
    return None


def ingest_command(still: Warehouse, asset: str) -> str:
    """Return the command that reads the days of a source."""
    kind, _, source = asset.partition(".")
    return still.store.command(f"ingest {source}" + (f" --as {kind}" if kind != "events" else ""))


def rows_of(still: Warehouse, first_ds: date, last_ds: date) -> dict[tuple[date, str], dict[str, Any]]:
    """The ledger of some days by day and asset; a store of before has no column `parts`."""
    found = sql_files.run(still.con, "ledger/intervals", first_ds=first_ds, last_ds=last_ds)
    columns = [column[0] for column in found.description or []]
    rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    return {(row["ds"], row["asset"]): row for row in rows}


def missing_files(still: Warehouse, first_ds: date, last_ds: date) -> dict[tuple[date, str], str]:
    """The files that the ledger names and the disk has not, by day and asset, in words."""
    files = still.files("%", first_ds, last_ds)
    gone = [file for file in files if not (still.store.lake / file.path).exists()]
    return {(file.ds, file.asset): f"{file.path} is missing" for file in gone}


def row_mismatches(still: Warehouse, ledger: dict[tuple[date, str], dict[str, Any]]) -> dict[tuple[date, str], str]:
    """Where the files, or the rankings, that are there have other rows than were built, by day and asset, in words."""
    held: dict[tuple[date, str], int] = {(ds, "rankings"): rows for ds, rows in still.run("ledger/rankings_held")}
    for file in still.files("%", *ALL_DAYS):
        held[file.ds, file.asset] = held.get((file.ds, file.asset), 0) + file.rows
    return {
        key: f"{row['rows']} rows were built, {held.get(key, 0)} are there"
        for key, row in ledger.items()
        if key[1] in ROW_COUNTED_ASSETS and row["rows"] != held.get(key, 0)
    }


def night_ends(still: Warehouse) -> dict[date, tuple[str, str]]:
    """How each night ended, and the run that ranked it."""
    return {ds: (status, run_id) for ds, status, run_id in still.run("ledger/night_ends")}


def first_event(still: Warehouse) -> date:
    return (event_days(still) or (date.max, date.max))[0]


def newest_night(still: Warehouse, shaping: PlanSettings) -> date:
    """The newest day with events that is over, or the newest night that was ranked where that is later."""
    last = (event_days(still) or (date.min, date.min))[1]
    return max([min(last, shaping.over), *night_ends(still)])


def days_between(first_ds: date, last_ds: date) -> list[date]:
    return [first_ds + DAY * n for n in range((last_ds - first_ds).days + 1)]
