-- warn: one row per source whose newest day brought under half or over twice what the same weekday brought before.
-- That is the median of the four weeks before, of which two must have had events.
with newest as (
    select max(ds) as ds
    from nights
),

volumes as (
    select
        intervals.asset,
        newest.ds,
        max(intervals.rows) filter (where intervals.ds = newest.ds) as rows,
        median(intervals.rows) filter (where intervals.ds < newest.ds) as usual,
        count(*) filter (where intervals.ds < newest.ds) as weeks
    from intervals
    cross join newest
    where
        starts_with(intervals.asset, 'events.')
        and intervals.ds in (newest.ds, newest.ds - 7, newest.ds - 14, newest.ds - 21, newest.ds - 28)
    group by
        intervals.asset,
        newest.ds
)

select
    asset,
    ds,
    coalesce(rows, 0) as rows,
    usual
from volumes
where
    weeks >= 2
    and (coalesce(rows, 0) < usual / 2 or coalesce(rows, 0) > usual * 2)
