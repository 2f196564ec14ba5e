-- One row per run that never came to its end, unless a later one of its command has made up for it.
-- promise: every run came to its end
with known as (
    select string_agg(source, ' ' order by source) as names
    from ops.sources
    where kind = 'events'
)

select
    runs.run_id || ' began at ' || runs.started_at::timestamp(0)
    || ' and came to no end: it was killed, or could not write how it ended' as what,
    case runs.command
        when 'backfill' then 'nightrank backfill ' || runs.ds || ' ' || runs.ds
        when 'rollback' then 'nightrank rollback --to ' || runs.ds
        when 'ingest' then 'nightrank ingest ' || coalesce(sources.names, 'SOURCE')
        when 'housekeeping' then 'nightrank housekeeping'
        when 'nightly' then 'nightrank nightly'
        when 'train' then 'nightrank train --ds ' || runs.ds
        when 'compare' then 'nightrank compare --ds ' || runs.ds
        else 'nightrank forget USER  # USER is the id as the person gives it; the run was of ' || runs.command
    end as remedy
from ops.runs as runs
cross join known as sources
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
order by runs.run_id
