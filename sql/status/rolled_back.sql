-- One row per night that was taken back, newer than the newest published one: by which run, and why. Reads ops.nights,
-- ops.runs.
select
    nights.ds,
    runs.run_id as rolled_back_by,
    runs.finished_at as rolled_back_at,
    runs.reason
from ops.nights as nights
left join ops.runs as runs
    on
        runs.command = 'rollback'
        and runs.status = 'done'
        and nights.ds > runs.ds
where
    nights.status = 'ROLLED_BACK'
    and nights.ds > (
        select coalesce(max(published.ds), date '1970-01-01')
        from ops.nights as published
        where published.published_at is not null
    )
qualify row_number() over (partition by nights.ds order by runs.started_at desc, runs.run_id desc) = 1
order by nights.ds
