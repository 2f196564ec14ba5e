-- One row where the asset of the day is built: the run that did it.
select run_id
from ops.intervals
where
    asset = $asset
    and ds = $ds
    and status = 'done'
