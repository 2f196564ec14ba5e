"""Sources -> events, impressions, catalogue: what a person names, and every night what each known source has new; and
up to which day there is something to rank or to train on."""

import shlex
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import features
from features import FIRST_DAY, CatalogueResult, FeatureError, IngestResult, Source, Store, Warehouse
from flows.runtime.night_summary import Notifier, notify_on_failure
from flows.runtime.progress import log
from flows.runtime.steps import StageTimer, Step
from flows.runtime.timeouts import within_night
from flows.settings import Settings

DATED_INGESTERS = {"events": features.ingest_events, "impressions": features.ingest_impressions}


def read_sources(warehouse: Warehouse, settings: Settings, ds: date | None, step: Step, tell: Notifier) -> None:
    """Reads what is new; where a source cannot be read, the night up to which it was asked for tells so."""
    stages = StageTimer()
    night = ds or warehouse.store.newest_day_over(datetime.now(UTC))
    with notify_on_failure(warehouse, night, stages, tell), within_night(warehouse, settings.timeouts, stages):
        stages.timed(step)(ingest_new_days)(warehouse, settings, ds)
    features.clear_ingest_failures(warehouse)


def ingest_new_days(warehouse: Warehouse, settings: Settings, ds: date | None) -> None:
    """Reads the days of every known source that are over and have not been read, up to `ds`; and with
    `ingest.reread_days` the last ones again, for sources whose events come late."""
    over = warehouse.store.newest_day_over(datetime.now(UTC))
    last = min(ds, over) if ds else over
    again = timedelta(days=settings.ingest.reread_days)
    for kind in DATED_INGESTERS:
        for source in features.registered_sources(warehouse, kind):
            read = features.last_day_read(warehouse, source)
            if read and read - again < last:
                ingest_days(warehouse, settings, source, read + timedelta(days=1) - again, last)
    for source in features.registered_sources(warehouse, "goods"):
        read_catalogue_again(warehouse, source)


def ingest(
    warehouse: Warehouse,
    settings: Settings,
    source: Source,
    first_ds: date | None,
    last_ds: date | None,
    accepted: Collection[date] = (),
) -> IngestResult:
    """Reads a source: its events or impressions of the days that are over, or its goods catalogue."""
    over = warehouse.store.newest_day_over(datetime.now(UTC))
    if source.kind in DATED_INGESTERS:
        first, last = max(first_ds or FIRST_DAY, FIRST_DAY), min(last_ds or over, over)
        return ingest_days(warehouse, settings, source, first, last, accepted)
    return ingest_catalogue(warehouse, source, over)


def read_catalogue_again(warehouse: Warehouse, source: Source) -> None:
    """Read a known catalogue; where that fails, record it and go on with what the store has."""
    over = warehouse.store.newest_day_over(datetime.now(UTC))
    try:
        ingest_catalogue(warehouse, source, over)
    except FeatureError as error:
        features.record_catalogue_failure(warehouse, source, error)
        log.warning("catalogue_not_read", source=source.name, error=str(error))


def ingest_catalogue(warehouse: Warehouse, source: Source, over: date) -> CatalogueResult:
    with warehouse.recorded_run("ingest", over) as run:
        read = features.ingest_goods(run, source)
    log.info("goods_ingested", source=read.source, rows=read.rows, changed=read.changed, rows_skipped=read.rows_skipped)
    warn(read)
    if read.conflicts:
        log.warning("catalogue_rows_conflict", source=read.source, goods=read.conflicts, example=read.example)
    if missing := read.refused.get("goods_id is missing"):
        log.warning("catalogue_rows_without_goods_id", source=read.source, rows=missing)
    for reason in ("goods_id is blank", "shop_id is blank"):
        if rows := read.refused.get(reason):
            log.warning("catalogue_rows_refused", source=read.source, reason=reason, rows=rows)
    return read


def ingest_days(
    warehouse: Warehouse,
    settings: Settings,
    source: Source,
    first_ds: date,
    last_ds: date,
    accepted: Collection[date] = (),
) -> IngestResult:
    with warehouse.recorded_run("ingest", last_ds) as run:
        counts = DATED_INGESTERS[source.kind](run, source, first_ds, last_ds, settings.ingest, accepted)
    log.info(f"{source.kind}_ingested", **counted(counts))
    warn(counts)
    if counts.held_back:
        log.warning("days_held_back", source=source.name, **held_back(counts))
    if counts.refusals:
        reasons = "; ".join(f"{one.rows} {one.reason}" for one in counts.refusals)
        log.warning("no_rows_kept", source=source.name, reasons=reasons)
    return counts


def warn(read: IngestResult) -> None:
    """Logs what a read warns of, such as the rows that its reader skipped."""
    for said in read.warnings:
        log.warning("reader_warned", source=read.source, warning=said)


def counted(counts: IngestResult) -> dict[str, Any]:
    """What a log line says of a read."""
    return {name: value for name, value in vars(counts).items() if not isinstance(value, list)}


def held_back(counts: IngestResult) -> dict[str, Any]:
    """What a log line says of the days that a read left as they were."""
    days = counts.held_back
    rows = {"rows_held": sum(day.rows_held for day in days), "rows_returned": sum(day.rows_returned for day in days)}
    return {"days": len(days), "first_ds": days[0].ds, "last_ds": days[-1].ds, **rows}


def ingest_replacing(
    warehouse: Warehouse,
    settings: Settings,
    source: Source,
    first_ds: date | None,
    last_ds: date | None,
    accepted: Collection[date],
) -> list[IngestResult]:
    """Reads a source as `ingest` does, and replaces the `accepted` days whatever it returns for them.

    Without a first or last day, reads the accepted days alone.
    """
    over = warehouse.store.newest_day_over(datetime.now(UTC))
    if accepted and max(accepted) > over:
        raise FeatureError(f"{max(accepted)} is not over yet; the newest day that can be replaced is {over}")
    if first_ds or last_ds or not accepted:
        return [ingest(warehouse, settings, source, first_ds, last_ds, accepted)]
    ranges = features.format_day_ranges(accepted)
    return [ingest(warehouse, settings, source, first, last, accepted) for first, last in ranges]


def require_kept_rows(warehouse: Warehouse, source: Source, found: list[IngestResult]) -> None:
    """Raises FeatureError where rows came in and every one was refused, with the most frequent reasons."""
    for counts in found:
        if counts.refusals:
            lines = [f"  {one.rows} row(s): {one.reason}, such as {one.example}" for one in counts.refusals]
            as_kind = "" if source.kind == "events" else f" --as {source.kind}"
            raise FeatureError(
                f"source {source.name}: rows came in, and every one was refused\n"
                + "\n".join(lines)
                + "\n  correct the query or the file, then: "
                f"nightrank ingest {source.name}{as_kind} --store {shlex.quote(str(warehouse.store.root))}"
            )


def resolve_source(warehouse: Warehouse, named: str, kind: str, path: str | None) -> Source:
    """A .sql file, a source of sql/sources, or one this store has read before, whose query it keeps."""
    if not named.endswith(".sql") and named not in features.store.sql_files.names("sources"):
        known = features.registered_source(warehouse, named, kind)
        if known:
            return replace(known, path=path or known.path)
    return features.find_source(named, kind, path or features.registered_path(warehouse, named))


def resolve_ds(warehouse: Warehouse, store: Store, ds: date | None) -> date:
    """The day asked for, or the newest with events. Raises FeatureError where it is not over or nothing is there."""
    newest = require_days(warehouse, ds, ds)
    return ds or min(newest, store.newest_day_over(datetime.now(UTC)))


def require_days(warehouse: Warehouse, first_ds: date | None, last_ds: date | None) -> date:
    """The newest day with events. Raises FeatureError where there is none, or none of these days can be a night: the
    first is not over, or the last is before all events."""
    store = warehouse.store
    over = store.newest_day_over(datetime.now(UTC))
    if first_ds and first_ds > over:
        raise FeatureError(f"{first_ds} is not over yet in {store.config.timezone}; the newest day that is: {over}")
    days = features.event_days(warehouse)
    if days is None:
        raise FeatureError(f"{store.root}: no events yet; read a source first: nightrank ingest SOURCE")
    if last_ds and last_ds < days[0]:
        raise FeatureError(f"no events up to {last_ds}; the first day with events is {days[0]}")
    return days[1]
