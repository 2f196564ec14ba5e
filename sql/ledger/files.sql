-- One row per lake file of an asset for some days, or of all whose name begins as $asset where that ends in `%`.
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
    (asset = $asset or (ends_with($asset, '%') and starts_with(asset, rtrim($asset, '%'))))
    and ds between $first_ds and $last_ds
order by
    asset,
    ds,
    bucket
