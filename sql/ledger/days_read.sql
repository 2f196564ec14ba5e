-- One row: what became of the rows of a source read under some days, those without a day (1970-01-01) included.
select
    count(*) filter (where ds > date '1970-01-01') as days,
    coalesce(sum(rows_in), 0)::bigint as rows_in,
    coalesce(sum(rows), 0)::bigint as rows,
    coalesce(sum(duplicates), 0)::bigint as duplicates,
    coalesce(sum(quarantined), 0)::bigint as quarantined
from ops.intervals
where
    asset = $asset
    and (ds between $first_ds and $last_ds or ds = date '1970-01-01')
