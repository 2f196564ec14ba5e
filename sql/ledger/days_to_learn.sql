-- One row per day: the first two days that have examples, or may have. Those are days with events; but not one whose
-- examples were built and are none, and not the very first where $after_first.
select distinct files.ds
from ops.files as files
where
    starts_with(files.asset, 'events.')
    and files.ds not in (
        select intervals.ds
        from ops.intervals as intervals
        where
            intervals.asset = 'examples'
            and intervals.status = 'done'
            and intervals.rows = 0
    )
    and (
        not $after_first
        or files.ds > (
            select min(of_all.ds)
            from ops.files as of_all
            where starts_with(of_all.asset, 'events.')
        )
    )
order by files.ds
limit 2
