"""The plan between two days -> built, oldest day first; a day that fails is named, and the others are finished."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import features
from din import DinError
from features import FeatureError, PlannedAsset, PlanSettings, Store, Warehouse
from flows.clock import utc_now
from flows.pipelines import nightly, training
from flows.pipelines.ingest import require_days
from flows.pipelines.plan_states import PUBLISHED_STATES, STATES, Mode
from flows.pipelines.unranked_nights import no_model, notes
from flows.runtime.progress import log
from flows.runtime.steps import StageTimer, Step, in_groups, with_retries
from flows.runtime.timeouts import within_night
from flows.settings import Settings, load_settings, open_store

ONE_DAY = 86_400  # seconds
STEPS = 40  # a Prefect server on SQLite wants under 50 tasks a run


@dataclass(frozen=True)
class Built:
    """An asset of a day, and what stopped it, if anything did; `no_model` where that was the want of a model."""

    ds: date
    asset: str
    error: str | None
    no_model: bool = False


class UnfinishedError(FeatureError):
    """Some of a day failed, so that its run is recorded as failed."""


def plan_of(root: Path, first_ds: date, last_ds: date) -> list[PlannedAsset]:
    """What would be built between two days, both included, and why; nothing is written."""
    settings = load_settings(root)
    store = open_store(root, settings)
    shaped, nights = plan_settings(settings, store), settings.publish.ranking_nights
    with features.open_warehouse_read_only(store, utc_now) as warehouse:
        require_days(warehouse, first_ds, last_ds)
        planned = features.plan(warehouse, first_ds, last_ds, shaped)
        unranked = features.unranked_nights(warehouse, first_ds, last_ds, shaped, settings.window.eval_days, nights)
        unmeasured = features.outcomes_never_measured(warehouse, first_ds, last_ds)
    return in_order([*planned, *unranked, *unmeasured])


def in_order(planned: list[PlannedAsset]) -> list[PlannedAsset]:
    """By day; within a day in the order that they are built."""
    order = list(BUILDERS)
    return sorted(planned, key=lambda one: (one.ds, order.index(one.asset) if one.asset in order else -1))


def plan_settings(settings: Settings, store: Store) -> PlanSettings:
    return PlanSettings(
        settings.sequences,
        settings.candidates,
        settings.examples,
        settings.ingest,
        settings.ranking,
        settings.window.days,
        store.newest_day_over(datetime.now(UTC)),
    )


def select_assets(planned: list[PlannedAsset], mode: Mode, reason: str | None) -> list[PlannedAsset]:
    """What a backfill builds of a plan: sources are read by `ingest` and `nightly`; a published ranking is history, and
    is made anew only for a reason."""
    return [
        one
        for one in planned
        if one.state in STATES[mode]
        and one.asset in BUILDERS
        and (reason or one.asset != "rankings" or one.state not in PUBLISHED_STATES)
    ]


def run_backfill(
    root: Path, first_ds: date, last_ds: date, mode: Mode, reason: str | None, step: Step = with_retries
) -> list[Built]:
    """Builds what the plan names, and what that needs; run again, it builds what is left.

    Each day is a step, oldest first, and holds the store's lock for itself: a night that waits gets in between two.
    """
    planned = plan_of(root, first_ds, last_ds)
    found = select_assets(planned, mode, reason)
    if not found:
        end_killed_runs(root, first_ds, last_ds)
    assets = {ds: [one.asset for one in found if one.ds == ds] for ds in sorted({one.ds for one in found})}
    groups = in_groups(list(assets), STEPS)
    built = [step(backfill_days)(root, {ds: assets[ds] for ds in days}, reason) for days in groups]
    unranked = without_ranking(root, planned) if "missing" in STATES[mode] else []
    return [*(one for day in built for one in day), *unranked]


def without_ranking(root: Path, planned: list[PlannedAsset]) -> list[Built]:
    """The nights that want a model; the log says of those that no model helps why they have no ranking."""
    for state, said in notes(root, planned).items():
        if state != "no_model":
            log.warning("nights_not_ranked", reason=said)
    return [Built(one.ds, one.asset, one.reason, no_model=True) for one in planned if one.state == "no_model"]


def end_killed_runs(root: Path, first_ds: date, last_ds: date) -> None:
    """Says of backfills of these days that were killed that they are done: nothing of them is left to build."""
    store = open_store(root, load_settings(root))
    with features.open_warehouse_read_only(store, utc_now) as warehouse:
        killed = warehouse.run("ledger/killed_backfills", first_ds=first_ds, last_ds=last_ds)
    if killed:
        with features.open_warehouse(store, "nightrank backfill", utc_now) as warehouse:
            for (run_id,) in killed:
                replace(warehouse, run_id=run_id).end_run("done")


def raise_on_failures(root: Path, built: list[Built]) -> None:
    """Raises FeatureError where something was not built, the rest being finished."""
    tried = [one for one in built if not one.no_model]
    broken = [one for one in tried if one.error]
    said = []
    if broken:
        first = broken[0]
        said.append(f"{len(broken)} of {len(tried)} not built, such as {first.asset} of {first.ds}: {first.error}")
    unranked = [one.ds for one in built if one.no_model]
    if unranked:
        said.append(no_model(open_store(root, load_settings(root)), unranked))
    if said:
        raise FeatureError("\n".join(said))


def backfill_days(root: Path, assets: dict[date, list[str]], reason: str | None) -> list[Built]:
    """Builds these assets of each day; what failed is among what is returned, and in the day's run."""
    settings = load_settings(root)
    store = open_store(root, settings)
    # Whoever got in between two days is waited for: the first was asked for, and the rest would be lost.
    patient = replace(store, config=replace(store.config, wait_seconds=ONE_DAY))
    built: list[Built] = []
    for ds, names in assets.items():
        with (
            features.open_warehouse(patient, f"nightrank backfill of {ds}", utc_now) as warehouse,
            suppress(UnfinishedError),
            warehouse.recorded_run("backfill", ds, reason) as run,
        ):
            features.reconcile_publication(run)
            features.require_lake(run)
            of_day = build_day(run, settings, ds, names, reason)
            built += of_day
            broken = [one.asset for one in of_day if one.error]
            if broken:
                raise UnfinishedError(f"not built: {', '.join(broken)}")
    return built


def build_day(run: Warehouse, settings: Settings, ds: date, assets: list[str], reason: str | None) -> list[Built]:
    """The assets of one day in their order; what comes after one that failed is tried too, and says for itself."""
    built, stages = [], StageTimer()
    with within_night(run, settings.timeouts, stages):
        for asset in assets:
            stages.at = asset
            built.append(Built(ds, asset, try_build(run, settings, ds, asset, reason)))
    return built


def try_build(run: Warehouse, settings: Settings, ds: date, asset: str, reason: str | None) -> str | None:
    """Builds one asset; what stopped it, if anything did."""
    try:
        with features.translate_errors():
            BUILDERS[asset](run, settings, ds, reason)
    except (FeatureError, DinError, OSError) as stopped:
        log.error("backfill_failed", ds=ds, asset=asset, error=str(stopped))
        return str(stopped)
    return None


def histories(run: Warehouse, _settings: Settings, ds: date, _reason: str | None) -> None:
    nightly.histories(run, ds)


def sequences(run: Warehouse, settings: Settings, ds: date, _reason: str | None) -> None:
    features.build_histories(run, ds)
    nightly.sequences(run, settings, ds)


def night_goods(run: Warehouse, settings: Settings, ds: date, _reason: str | None) -> None:
    features.build_histories(run, ds)
    features.build_night_goods(run, ds, settings.candidates)


def night_pairs(run: Warehouse, settings: Settings, ds: date, _reason: str | None) -> None:
    features.build_histories(run, ds)
    features.build_night_pairs(run, ds, settings.candidates)


def candidates(run: Warehouse, settings: Settings, ds: date, _reason: str | None) -> None:
    features.build_histories(run, ds)
    nightly.candidates(run, settings, ds)


def examples(run: Warehouse, settings: Settings, ds: date, _reason: str | None) -> None:
    training.examples_of_day(run, settings, ds, features.label_cutoff(run, ds, plan_settings(settings, run.store)))


def rankings(run: Warehouse, settings: Settings, ds: date, reason: str | None) -> None:
    features.require_in_release_window(run, ds, settings.publish.ranking_nights)
    nightly.rank_night(run, settings, ds, reason=reason)
    after = ds + timedelta(days=1)
    if features.is_published(run, after):  # people have acted on this ranking already
        outcomes(run, settings, after, None)


def outcomes(run: Warehouse, settings: Settings, ds: date, _reason: str | None) -> None:
    before = ds - timedelta(days=1)
    for asset in ("goods_sequences", "shop_sequences", "night_goods", "candidates"):
        if not run.files(asset, before, before):  # housekeeping removed them
            BUILDERS[asset](run, settings, before, None)
    nightly.outcomes(run, settings, ds)


BUILDERS: dict[str, Callable[[Warehouse, Settings, date, str | None], None]] = {
    "histories": histories,
    "goods_sequences": sequences,
    "shop_sequences": sequences,
    "night_goods": night_goods,
    "night_pairs": night_pairs,
    "candidates": candidates,
    "examples": examples,
    "rankings": rankings,
    "outcomes": outcomes,
}
