"""A night's ranking -> how far it is from that of the night published before it: whose goods stayed, and its scores."""

from dataclasses import dataclass
from datetime import date

from features.store.warehouse import Warehouse


@dataclass(frozen=True)
class Drift:
    """Held against the night `ds_before`: the mean share of goods that stayed, the population stability index of the
    scores, and how high it may be, None where it may be any."""

    ds_before: date
    overlap: float | None
    psi: float
    psi_limit: float | None


def measure_drift(warehouse: Warehouse, ds: date, max_psi: float) -> Drift | None:
    """Writes the drift of a night that is ranked and recorded. None where no night is published before it. A
    night that was held against this one as it was before is held against it anew."""
    [(_, ds_before, _)] = warehouse.run("ledger/newest_nights", ds=ds)
    with warehouse.transaction():
        warehouse.clear_day("drift", ds)
        if ds_before:
            write_drift(warehouse, ds, ds_before, max_psi)
        for (after,) in warehouse.run("ledger/drift_after", ds=ds):  # it was held against what was ranked before
            warehouse.clear_day("drift", after)
            write_drift(warehouse, after, ds, max_psi)
    found = warehouse.run("ledger/drift", ds=ds)
    return Drift(*found[0]) if found else None


def write_drift(warehouse: Warehouse, ds: date, ds_before: date, max_psi: float) -> None:
    buckets = warehouse.store.config.buckets
    warehouse.run("transforms/compared", ds=ds, ds_before=ds_before)
    for bucket in range(buckets):
        warehouse.run("transforms/overlap", bucket=bucket, buckets=buckets)
    warehouse.run("transforms/bins")
    warehouse.run("transforms/drift", ds=ds, ds_before=ds_before, max_psi=max_psi)
