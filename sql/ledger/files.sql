-- One row per lake file of an asset for some days, or of several assets where $asset ends in `.%`.
select
    asset,
    ds,
    bucket,
    path,
    sha256,
    rows,
    bytes
from ops.files
where
    asset like $asset
    and ds between $first_ds and $last_ds
order by
    asset,
    ds,
    bucket
