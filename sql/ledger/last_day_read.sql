-- One row: the last day of a source that is read. Days of which every row was refused are read again, so they do not
-- count; where there are no others, it is the day before them.
select
    coalesce(
        max(ds) filter (where rows_in is null or rows_in > quarantined),
        min(ds) - 1
    ) as last_ds
from ops.intervals
where
    asset = $asset
    and ds > date '1970-01-01'
