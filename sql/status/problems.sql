-- One row per (asset, ds) that failed or was left half way by a run that is gone, per night that was ranked and then
-- not published, and per run that never came to its end, unless a later one of its command has made up for it.
-- Reads the ledger, ops.intervals, ops.nights and ops.runs; nobody is writing, so whatever runs there is dead.
select
    asset,
    ds,
    case when status = 'running' then 'interrupted' else status end as status,
    error
from ops.intervals
where status <> 'done'

union all

select
    'night' as asset,
    ds,
    'interrupted' as status,
    'ranked by ' || run_id || ', not published' as error
from ops.nights
where status = 'RANKED'

union all

select
    'run of ' || runs.command as asset,
    runs.ds,
    'interrupted' as status,
    runs.run_id || ' came to no end' as error
from ops.runs
where
    runs.status = 'running'
    and not exists (
        select 1
        from ops.runs as later
        where
            later.command = runs.command
            and later.status = 'done'
            and later.ds >= runs.ds
            and later.started_at >= runs.started_at
    )
order by
    ds,
    asset
