-- One row per (asset, ds) that failed, or that a run which is gone left half way. Reads the ledger, ops.intervals.
select
    asset,
    ds,
    case when status = 'running' then 'interrupted' else status end as status,
    error
from ops.intervals
where status <> 'done'
order by
    ds,
    asset
