-- One row per source of events: how far it was read by the end of $ds, how many days behind that is, and what its last
-- day with rows brought.
with days as (
    select
        asset.substr(8) as source,
        ds,
        rows,
        quarantined
    from intervals
    where
        starts_with(asset, 'events.')
        and ds between date '1970-01-02' and $ds
)

select
    source,
    max(ds) as last_ds,
    $ds - max(ds) as days_behind,
    arg_max(rows, ds) as rows_on_last_ds,
    avg(rows) filter (where ds between $ds - 28 and $ds - 1) as rows_a_day,
    sum(quarantined) filter (where ds > $ds - 7) as quarantined_in_7_days
from days
group by source
order by source
