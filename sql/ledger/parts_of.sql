-- One row where the asset of the day is built: what it was made of, part by part.
select parts
from ops.intervals
where
    asset = $asset
    and ds = $ds
    and status = 'done'
