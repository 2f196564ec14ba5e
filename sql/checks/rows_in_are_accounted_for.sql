-- stop: one row per ingested day whose rows read are not all kept, duplicate or quarantined.
select
    asset,
    ds,
    rows_in,
    rows,
    duplicates,
    quarantined
from intervals
where
    starts_with(asset, 'events.')
    and status = 'done'
    and rows_in <> rows + duplicates + quarantined
