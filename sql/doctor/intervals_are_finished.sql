-- One row per (asset, ds) that failed, or that a run which is gone left half-way.
-- promise: everything that was begun was built
select
    asset || ' of ' || ds || ': ' || if(
        status = 'running',
        run_id || ' was killed, or could not write how it ended (is the disk full?)',
        coalesce(error, 'failed')
    ) as what,
    case
        when starts_with(asset, 'impressions.') then 'nightrank ingest ' || asset.substr(13) || ' --as impressions'
        when starts_with(asset, 'goods.') then 'nightrank ingest ' || asset.substr(7) || ' --as goods'
        when contains(asset, '.') then 'nightrank ingest ' || split_part(asset, '.', 2)
        else 'nightrank backfill ' || ds || ' ' || ds || ' --mode failed'
    end as remedy
from ops.intervals
where status <> 'done'
order by
    ds,
    asset
