-- warn: one row per newest night whose data day brought no event at all.
select nights.ds
from nights
where
    nights.ds = (select max(newest.ds) from nights as newest)
    and not exists (
        select 1
        from intervals
        where
            starts_with(intervals.asset, 'events.')
            and intervals.ds = nights.ds
            and intervals.rows > 0
    )
