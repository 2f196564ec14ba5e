-- One row per lake file of an asset before a day.
select
    path,
    ds,
    bytes
from ops.files
where
    asset = $asset
    and ds < $first_ds
order by
    ds,
    bucket
