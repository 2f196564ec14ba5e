-- One row per (asset, ds) of some days: the ledger as it is, whichever columns the store has.
select intervals.*
from ops.intervals as intervals
where intervals.ds between $first_ds and $last_ds
order by
    intervals.ds,
    intervals.asset
