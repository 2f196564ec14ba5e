-- One row: what became of the rows of a source read under some days. Rows without a day count under 1970-01-01.
select
    count(*) filter (where ds > date '1970-01-01') as days,
    coalesce(sum(rows_in), 0)::bigint as rows_in,
    coalesce(sum(rows), 0)::bigint as rows,
    coalesce(sum(duplicates), 0)::bigint as duplicates,
    coalesce(sum(quarantined), 0)::bigint as quarantined
from ops.intervals
where
    asset = $asset
    and list_contains($days, ds)
