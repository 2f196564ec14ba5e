"""Sources -> events, impressions, catalogue: what a person names, and every night what each known source has new; and
up to which day there is something to rank or to train on."""

from datetime import UTC, date, datetime, timedelta

import features
from features import Catalogued, FeatureError, Ingested, Source, Store, Warehouse
from flows.interrupts import within_night
from flows.progress import log
from flows.settings import Settings
from flows.stages import Stages, Step
from flows.summary import Tell, told_if_it_fails

BY_DAYS = {"events": features.ingest_events, "impressions": features.ingest_impressions}


def read_sources(warehouse: Warehouse, settings: Settings, ds: date | None, step: Step, tell: Tell) -> None:
    """Reads what is new; where a source cannot be read, the night up to which it was asked for tells so."""
    stages = Stages()
    night = ds or warehouse.store.newest_day_over(datetime.now(UTC))
    with told_if_it_fails(warehouse, night, stages, tell), within_night(warehouse, settings.timeouts, stages):
        stages.timed(step)(read_on)(warehouse, settings, ds)
    features.reading_went_well(warehouse)


def read_on(warehouse: Warehouse, settings: Settings, ds: date | None) -> None:
    """Reads the days of every known source that are over and have not been read, up to `ds`; and with
    `ingest.reread_days` the last ones again, for sources whose events come late."""
    over = warehouse.store.newest_day_over(datetime.now(UTC))
    last = min(ds, over) if ds else over
    again = timedelta(days=settings.ingest.reread_days)
    for kind in BY_DAYS:
        for source in features.registered_sources(warehouse, kind):
            read = features.last_day_read(warehouse, source)
            if read and read - again < last:
                ingest_days(warehouse, settings, source, read + timedelta(days=1) - again, last)
    for source in features.registered_sources(warehouse, "goods"):
        read_catalogue_again(warehouse, source)


def ingest(
    warehouse: Warehouse, settings: Settings, source: Source, first_ds: date | None, last_ds: date | None
) -> Ingested:
    """Reads a source: its events or impressions of the days that are over, or its goods catalogue."""
    over = warehouse.store.newest_day_over(datetime.now(UTC))
    if source.kind in BY_DAYS:
        first, last = first_ds or features.FIRST_DAY, min(last_ds or over, over)
        return ingest_days(warehouse, settings, source, first, last)
    return ingest_catalogue(warehouse, source, over)


def read_catalogue_again(warehouse: Warehouse, source: Source) -> None:
    """Read a known catalogue; where that fails, record it and go on with what the store has."""
    over = warehouse.store.newest_day_over(datetime.now(UTC))
    try:
        ingest_catalogue(warehouse, source, over)
    except FeatureError as error:
        features.fail_goods(warehouse, source, error)
        log.warning("catalogue_not_read", source=source.name, error=str(error))


def ingest_catalogue(warehouse: Warehouse, source: Source, over: date) -> Catalogued:
    with warehouse.recorded_run("ingest", over) as run:
        read = features.ingest_goods(run, source)
    log.info("goods_ingested", source=read.source, rows=read.rows, changed=read.changed)
    if read.conflicts:
        log.warning("catalogue_rows_conflict", source=read.source, goods=read.conflicts, example=read.example)
    if read.quarantined:
        log.warning("catalogue_rows_without_goods_id", source=read.source, rows=read.quarantined)
    return read


def ingest_days(warehouse: Warehouse, settings: Settings, source: Source, first_ds: date, last_ds: date) -> Ingested:
    with warehouse.recorded_run("ingest", last_ds) as run:
        counts = BY_DAYS[source.kind](run, source, first_ds, last_ds, settings.ingest)
    log.info(f"{source.kind}_ingested", **vars(counts))
    return counts


def choose_day(warehouse: Warehouse, store: Store, ds: date | None) -> date:
    """The day asked for, or the newest with events. Raises FeatureError where it is not over or nothing is there."""
    over = store.newest_day_over(datetime.now(UTC))
    if ds and ds > over:
        raise FeatureError(f"{ds} is not over yet in {store.config.timezone}; the newest day that is: {over}")
    days = features.event_days(warehouse)
    if days is None:
        raise FeatureError(f"{store.root}: no events yet; read a source first: nightrank ingest SOURCE")
    if ds and ds < days[0]:
        raise FeatureError(f"no events up to {ds}; the first day with events is {days[0]}")
    return ds or min(days[1], over)
