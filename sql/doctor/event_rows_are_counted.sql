-- One row per file of events whose rows are not counted by day and by the day that was read.
-- promise: the rows of every file of events are counted
with counted as (
    select
        'events.' || source as asset,
        ds,
        sum(rows) as rows
    from ops.event_rows
    group by
        source,
        ds
),

held as (
    select
        asset,
        ds,
        sum(rows) as rows
    from ops.files
    where starts_with(asset, 'events.')
    group by
        asset,
        ds
)

select
    asset || ' of ' || ds || ': ' || coalesce(counted.rows, 0) || ' rows are counted, the file holds '
    || coalesce(held.rows, 0) as what,
    'nightrank ingest ' || asset.substr(8) || ' --full' as remedy
from held
full outer join counted using (asset, ds)
where counted.rows is distinct from held.rows
order by
    asset,
    ds
