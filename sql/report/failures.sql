-- One row per (asset, ds) up to $ds that the ledger has as failed or as never finished.
select
    asset,
    ds,
    status,
    error
from intervals
where
    ds <= $ds
    and status <> 'done'
order by
    ds,
    asset
