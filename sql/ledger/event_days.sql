-- One row: the first and the last day that have events.
select
    min(ds) as first_ds,
    max(ds) as last_ds
from ops.files
where starts_with(asset, 'events.')
