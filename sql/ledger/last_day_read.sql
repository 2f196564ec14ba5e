-- One row: the last day of a source that is read.
select max(ds) as last_ds
from ops.intervals
where
    asset = $asset
    and ds > date '1970-01-01'
