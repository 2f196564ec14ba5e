-- One row per day of a source that the store holds rows of, kept ones and duplicates: how many, and whether they came from
-- another path than $path. Nobody knows the path of rows that an earlier version read.
select
    intervals.ds,
    (coalesce(intervals.rows, 0) + coalesce(intervals.duplicates, 0))::bigint as rows_held,
    coalesce(days_given.path <> $path, false) as is_of_other_path
from ops.intervals as intervals
left join ops.days_given as days_given using (asset, ds)
where
    intervals.asset = $asset
    and intervals.ds between $first_ds and $last_ds
    and coalesce(intervals.rows, 0) + coalesce(intervals.duplicates, 0) > 0
order by intervals.ds
