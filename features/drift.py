"""A night's ranking -> how far it is from that of the night published before it: whose goods stayed, and its scores."""

from dataclasses import dataclass
from datetime import date

from features.warehouse import Warehouse


@dataclass(frozen=True)
class Drift:
    """Held against the night `ds_before`: the mean share of goods that stayed, the population stability index of the
    scores, and how high it may be, None where it may be any."""

    ds_before: date
    overlap: float | None
    psi: float
    psi_limit: float | None


def measure_drift(warehouse: Warehouse, ds: date, max_psi: float) -> Drift | None:
    """Writes the drift of a night that is ranked and recorded. None where no night is published before it."""
    [(_, ds_before, _)] = warehouse.run("ledger/newest_nights", ds=ds)
    buckets = warehouse.store.config.buckets
    with warehouse.transaction():
        warehouse.clear_day("drift", ds)
        if ds_before:
            warehouse.run("transforms/compared", ds=ds, ds_before=ds_before)
            for bucket in range(buckets):
                warehouse.run("transforms/overlap", bucket=bucket, buckets=buckets)
            warehouse.run("transforms/bins")
            warehouse.run("transforms/drift", ds=ds, ds_before=ds_before, max_psi=max_psi)
    found = warehouse.run("ledger/drift", ds=ds)
    return Drift(*found[0]) if found else None
