-- One row per catalogue source: when it was last read, its rows then, and whether a later read failed.
-- Reads ops.sources and the ledger, ops.intervals.
with reads as (
    select
        asset,
        rows_in,
        rows,
        duplicates,
        quarantined,
        finished_at
    from ops.intervals
    where finished_at is not null
    qualify row_number() over (partition by asset order by ds desc) = 1
),

failed as (
    select distinct asset
    from ops.intervals
    where status = 'failed'
)

select
    sources.source,
    date_trunc('second', coalesce(reads.finished_at, sources.registered_at)) as read_at,
    reads.rows_in,
    reads.rows as kept,
    reads.duplicates,
    reads.quarantined,
    if(failed.asset is null, 'read', 'failed') as state
from ops.sources as sources
left join reads on 'goods.' || sources.source = reads.asset
left join failed on 'goods.' || sources.source = failed.asset
where sources.kind = 'goods'
order by sources.source
