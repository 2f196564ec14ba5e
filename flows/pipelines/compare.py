"""Mean, decay and DIN on the same examples -> how they differ, in a table and a picture. Nothing is registered."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import features
from features import Warehouse
from flows.clock import utc_now
from flows.pipelines.ingest import resolve_ds
from flows.pipelines.nightly import histories
from flows.pipelines.training import BASELINE, examples, train_and_evaluate
from flows.pipelines.training_data import TrainingSplits, load_splits
from flows.runtime.progress import log
from flows.settings import Settings, load_settings, open_store

if TYPE_CHECKING:
    import din

POOLINGS: tuple["din.Pooling", ...] = ("mean", "decay", "din")  # the baseline first: RelaImpr is over it
MetricValues = dict[str, Any]


@dataclass(frozen=True)
class Compared:
    """One pooling: its measures, averaged over the seeds, and their standard deviations, None where there was one seed.

    Measures are those of `din.Metrics`, the epoch that was kept and its GAUC on the days that validate, `rela_impr`
    over mean pooling of the same seed, and the seconds of training.
    """

    pooling: str
    measures: MetricValues
    std: MetricValues | None


@dataclass(frozen=True)
class Comparison:
    """Every pooling on the examples of the window up to `ds`: how many teach, validate and measure."""

    ds: date
    seeds: list[int]
    train_examples: int
    valid_examples: int
    eval_examples: int
    poolings: list[Compared]

    def records(self) -> list[dict[str, Any]]:
        """One row for each pooling."""
        return [
            {"ds": self.ds, "pooling": one.pooling, "seeds": len(self.seeds), **one.measures, "std": one.std}
            for one in self.poolings
        ]


def run_compare(root: Path, ds: date | None, seeds: int = 1) -> Comparison:
    """Compares on the days up to `ds`, the newest with events where none is given. The store keeps a record of the run
    and nothing else: what is missing is built for as long as it is read."""
    settings = load_settings(root)
    store = open_store(root, settings)
    with features.open_warehouse_read_only(store, utc_now) as warehouse:
        day = resolve_ds(warehouse, store, ds)
    with (
        features.open_warehouse(store, "nightrank compare", utc_now) as warehouse,
        warehouse.recorded_run("compare", day) as run,
    ):
        material = load_without_registering(run, settings, day)
        return compare(settings, material, day, [settings.train.seed + more for more in range(seeds)])


def load_without_registering(run: Warehouse, settings: Settings, ds: date) -> TrainingSplits:
    """What training on the days up to `ds` would learn from, made as training makes it, and not kept."""
    with features.scratch_warehouse(run) as aside:
        histories(aside, ds)
        examples(aside, settings, ds)
        return load_splits(aside, settings, ds)


def compare(settings: Settings, material: TrainingSplits, ds: date, seeds: list[int]) -> Comparison:
    """Every pooling with every seed, on the very same examples, each from scratch: a start would be one pooling's."""
    found = [run_seed(settings, material, seed) for seed in seeds]
    poolings = [mean_std_over_seeds(pooling, [of_one[pooling] for of_one in found]) for pooling in POOLINGS]
    return Comparison(ds, seeds, len(material.teach), len(material.valid or ()), len(material.measure), poolings)


def run_seed(settings: Settings, material: TrainingSplits, seed: int) -> dict[str, MetricValues]:
    """The measures of each pooling, trained from one seed."""
    import din

    seeded = settings.model_copy(update={"train": replace(settings.train, seed=seed)})
    found: dict[str, MetricValues] = {}
    for pooling in POOLINGS:
        trained = train_and_evaluate(seeded, material, pooling)
        gauc, seconds = trained.metrics.gauc, trained.seconds
        rela_impr = din.rela_impr(gauc, found[BASELINE]["gauc"] if found else gauc)
        measures = trained.measures | {"epoch": float(trained.epoch)}  # not the same for every seed
        found[pooling] = measures | {"rela_impr": rela_impr, "seconds": seconds}
        log.info("pooling_compared", pooling=pooling, seed=seed, gauc=gauc, seconds=seconds)
    return found


def mean_std_over_seeds(pooling: str, found: list[MetricValues]) -> Compared:
    """Means and standard deviations over the seeds; counts are the same for each."""
    import din

    spreads = {name: din.mean_std([one[name] for one in found]) for name in found[0]}
    measures = {name: value if isinstance(value, int) else spreads[name][0] for name, value in found[0].items()}
    several = len(found) > 1
    return Compared(
        pooling, measures, {name: deviation for name, (_, deviation) in spreads.items()} if several else None
    )
