"""A night -> what it tells whoever is on call: one row, of the record and of its release."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from features.errors import FeatureError
from features.ingest.entity_keys import has_entities
from features.store import duckdb_connection, sql_files
from features.store.store import Store
from features.store.warehouse import Warehouse
from features.training.model_registry import champion_id

READING = "ingest_new_days"  # the stage of flows/pipelines/ingest.py that comes before all nights


@dataclass(frozen=True)
class Summary:
    """A row of `summaries`, its columns in their order; sql/published/comments.sql says what each is."""

    ds: date
    run_id: str
    state: str
    stage: str | None
    error: str | None
    told_at: datetime
    sources: list[dict[str, Any]] = field(default_factory=list)
    events: int | None = None
    events_median: float | None = None
    users: int | None = None
    users_median: float | None = None
    candidates: int | None = None
    candidates_median: float | None = None
    rows: int | None = None
    rows_median: float | None = None
    k: int | None = None
    hit_rate: float | None = None
    baseline: str | None = None
    baseline_hit_rate: float | None = None
    overlap: float | None = None
    psi: float | None = None
    psi_limit: float | None = None
    goods_share: float | None = None
    model_id: str | None = None
    model_days: int | None = None
    gauc: float | None = None
    base_gauc: float | None = None
    late_rows: int | None = None
    late_days: int | None = None
    stages: dict[str, float] = field(default_factory=dict)
    advice: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return self.state.startswith("FAILED")

    @property
    def headline(self) -> str | None:
        """The first line of what stopped the night, None where nothing did."""
        return self.error and self.error.partition("\n")[0]


def summarize(
    warehouse: Warehouse,
    ds: date,
    state: str,
    stages: dict[str, float],
    advice: list[str],
    stage: str | None = None,
    error: str | None = None,
) -> None:
    """Makes night_summary, which keep_summary keeps, and publication copies into the release."""
    warehouse.run(
        "transforms/night_summary",
        ds=ds,
        run_id=warehouse.run_id,
        state=state,
        stage=stage,
        error=error,
        told_at=warehouse.clock(),
        champion_id=champion_id(warehouse, ds),
        stage_names=list(stages),
        stage_seconds=list(stages.values()),
        advice=advice,
    )


def save_summary(warehouse: Warehouse) -> None:
    """Puts night_summary into the record, in place of what the night told before."""
    with warehouse.transaction():
        warehouse.run("ledger/keep_summary")


def summarize_failure(
    warehouse: Warehouse, ds: date, stage: str, error: str, stages: dict[str, float], again: str
) -> Summary | None:
    """Keeps what a night tells that was not published: where it stopped, what for, and what to do. None, and nothing
    kept, where it is published all the same, and where no event was ever read. Where the record cannot be written, what
    is known without it."""
    try:
        [(is_published, _, newest)] = warehouse.run("ledger/newest_nights", ds=ds)
        if is_published or not has_entities(warehouse.con):
            return None
        broken = [name for (name,) in warehouse.run("ledger/broken_checks", ds=ds, run_id=warehouse.run_id)]
        summarize(warehouse, ds, failed(newest), stages, [*advice_on(warehouse.store, broken), again], stage, error)
        save_summary(warehouse)
        return load_summary(warehouse, ds)
    except (duckdb_connection.CORRUPTION_ERRORS, FeatureError):
        state = failed(warehouse.store.published.exists())
        return Summary(ds, warehouse.run_id, state, stage, error, warehouse.clock(), stages=stages, advice=[again])


def failed(kept: object) -> str:
    """The state of a night that was not published, with or without an earlier one that stays."""
    return "FAILED_KEPT_YESTERDAY" if kept else "FAILED"


def advice_on(store: Store, checks: Iterable[str]) -> list[str]:
    """Of each check that found rows what to do: as it says itself, or else how to see them."""

    def advice(check: str) -> str:
        if said := sql_files.remedy(check):
            return f"{check}: {said}"
        where = f"nightrank sql sql/checks/{check}.sql --store {shlex.quote(str(store.root))}"
        return f"{check} found {sql_files.description(check)} See: {where}"

    return [advice(check) for check in checks]


def load_summary(warehouse: Warehouse, ds: date) -> Summary | None:
    """What a night told, the last time that it was tried."""
    found = warehouse.run("ledger/summary", ds=ds)
    return Summary(*found[0]) if found else None


def clear_ingest_failures(warehouse: Warehouse) -> None:
    """Takes back what nights told of sources that could not be read: now they could."""
    warehouse.run("ledger/reading_went_well", stage=READING)
