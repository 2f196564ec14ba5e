"""A night's ranking -> its drift from the night published before it, in items and in scores."""

from dataclasses import dataclass
from datetime import date

from features.store.warehouse import Warehouse


@dataclass(frozen=True)
class Drift:
    """Hold the drift of a night compared with the night `ds_before`.

    `overlap`: the mean share of items that stayed. `psi`: the population stability index of the scores. `psi_limit`:
    its highest allowed value, None for no limit.
    """

    ds_before: date
    overlap: float | None
    psi: float
    psi_limit: float | None


def measure_drift(warehouse: Warehouse, ds: date, max_psi: float) -> Drift | None:
    """Write the drift of a night that is ranked and recorded.

    Returns None if no night is published before it. Later nights that were compared with an older ranking of this
    night are compared again.
    """
    [(_, ds_before, _)] = warehouse.run("ledger/newest_nights", ds=ds)
    with warehouse.transaction():
        warehouse.clear_day("drift", ds)
        if ds_before:
            write_drift(warehouse, ds, ds_before, max_psi)
        for (after,) in warehouse.run(
            "ledger/drift_after", ds=ds
        ):  # it was compared with the ranking that this one replaces
            warehouse.clear_day("drift", after)
            write_drift(warehouse, after, ds, max_psi)
    found = warehouse.run("ledger/drift", ds=ds)
    return Drift(*found[0]) if found else None


def write_drift(warehouse: Warehouse, ds: date, ds_before: date, max_psi: float) -> None:
    """Compute the drift between two nights, bucket by bucket, and write it."""
    buckets = warehouse.store.config.buckets
    warehouse.run("transforms/compared", ds=ds, ds_before=ds_before)
    for bucket in range(buckets):
        warehouse.run("transforms/overlap", bucket=bucket, buckets=buckets)
    warehouse.run("transforms/bins")
    warehouse.run("transforms/drift", ds=ds, ds_before=ds_before, max_psi=max_psi)
