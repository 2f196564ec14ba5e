-- One row: how many events the night of a day can see, and a hash of what is in their files.
select
    coalesce(sum(rows), 0)::bigint as rows,
    coalesce(md5(string_agg(sha256, ',' order by asset, ds, bucket)), '') as files
from ops.files
where
    starts_with(asset, 'events.')
    and ds <= $ds
