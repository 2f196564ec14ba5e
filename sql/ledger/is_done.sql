-- One row: how often the asset of the day is built from these very inputs, once or never. Where files are what was built,
-- they have the rows that were.
select count(*) as times
from ops.intervals as intervals
where
    intervals.asset = $asset
    and intervals.ds = $ds
    and intervals.fingerprint = $fingerprint
    and intervals.status = 'done'
    and intervals.removed_at is null
    and (
        intervals.asset = 'outcomes'
        or intervals.rows = (
            select coalesce(sum(files.rows), 0)
            from ops.files as files
            where
                files.asset = $asset
                and files.ds = $ds
        )
    )
