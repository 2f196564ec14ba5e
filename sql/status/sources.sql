-- One row per source of events: how far it is read, and what became of its rows. Reads the ledger, ops.intervals.
select
    asset.substr(8) as source,
    max(ds) filter (where ds > date '1970-01-01') as last_ds,
    sum(rows_in)::bigint as rows_in,
    sum(rows)::bigint as kept,
    sum(duplicates)::bigint as duplicates,
    sum(quarantined)::bigint as quarantined
from ops.intervals
where starts_with(asset, 'events.')
group by asset
order by asset
