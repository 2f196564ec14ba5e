-- One row: how often the asset of the day is built from these very inputs, once or never.
select count(*) as times
from ops.intervals
where
    asset = $asset
    and ds = $ds
    and fingerprint = $fingerprint
    and status = 'done'
    and removed_at is null
