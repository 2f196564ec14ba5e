-- warn: one row per ingested day of which more than one row in a hundred was refused.
select
    asset,
    ds,
    rows_in,
    quarantined
from intervals
where
    starts_with(asset, 'events.')
    and quarantined > rows_in / 100
