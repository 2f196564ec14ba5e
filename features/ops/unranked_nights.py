"""Nights that were never ranked -> those that a backfill ranks, and why it ranks none of the others.

A model that was trained on the days up to T ranks T and the nights after it: before T it would know their future.
"""

from dataclasses import dataclass
from datetime import date

from features.config import ExampleConfig
from features.ops.plan import (
    DAY,
    PUBLISHED,
    PlannedAsset,
    PlanSettings,
    days_between,
    first_event,
    newest_night,
    night_ends,
)
from features.publish.release import first_night
from features.store.warehouse import Warehouse


@dataclass(frozen=True)
class Reach:
    """The first night that a model exists for, that one can be trained for, and that the published file has room for;
    the number of nights it holds, and the newest of them."""

    modelled: date
    trainable: date
    kept: date
    nights: int
    newest: date


def unranked_nights(
    warehouse: Warehouse, first_ds: date, last_ds: date, shaping: PlanSettings, eval_days: int, ranking_nights: int
) -> list[PlannedAsset]:
    """The rankings of nights between two days that `plan` has nothing of, since those nights were never ranked.

    `missing` ones a backfill builds. `no_model`: none was trained up to that day. `too_early`: none can be.
    `not_kept`: the published file holds only newer nights.
    """
    ended = night_ends(warehouse)
    newest = newest_night(warehouse, shaping)
    published = [ds for ds, (status, _) in ended.items() if status in PUBLISHED]
    newest_kept = max(published, default=newest)
    reach = Reach(
        warehouse.one("ledger/first_champion") or date.max,
        first_trainable(warehouse, shaping.examples, eval_days),
        first_night(newest_kept, ranking_nights),
        ranking_nights,
        newest_kept,
    )
    planned_from = max(published, default=newest - DAY) + DAY  # from here on `plan` has every night that has a model
    days = days_between(max(first_ds, first_event(warehouse)), min(last_ds, newest))
    return [unranked(ds, reach) for ds in days if ds not in ended and (ds < planned_from or ds < reach.modelled)]


def outcomes_never_measured(warehouse: Warehouse, first_ds: date, last_ds: date) -> list[PlannedAsset]:
    """The outcomes that published nights lack although a ranking of the night before is published."""
    days = warehouse.run("ledger/outcomes_never_measured", first_ds=first_ds, last_ds=last_ds)
    return [PlannedAsset(ds, "outcomes", "missing", "never measured") for (ds,) in days]


def unranked(ds: date, reach: Reach) -> PlannedAsset:
    if ds < reach.trainable:
        return PlannedAsset(ds, "rankings", "too_early", "too few days of events until then to train a model")
    if ds < reach.kept:
        nights = (reach.newest - ds).days + 1
        reason = f"published.duckdb holds the {reach.nights} nights up to {reach.newest}"
        return PlannedAsset(
            ds, "rankings", "not_kept", f"{reason}; to rank {ds}, set publish.ranking_nights to {nights} or more"
        )
    if ds < reach.modelled:
        return PlannedAsset(ds, "rankings", "no_model", "no model was trained on the days up to this one")
    return PlannedAsset(ds, "rankings", "missing", "never built")


def first_trainable(warehouse: Warehouse, examples: ExampleConfig, eval_days: int) -> date:
    """The first day up to which a model can be trained: there are examples in the `eval_days` up to it, and before.

    The first day with events has no examples where these need a night before it.
    """
    after_first = examples.history_cutoff == "night" or examples.negative_sampling == "candidates"
    days = [ds for (ds,) in warehouse.run("ledger/days_to_learn", after_first=after_first)]
    return max(days[0] + DAY * eval_days, days[1]) if len(days) > 1 else date.max
