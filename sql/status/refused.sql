-- One row per (source, reason), the three most frequent of each: for how many rows of its days, each as last read, the
-- reason was found. Reads ops.refused_rows.
with counted as (
    select
        split_part(asset, '.', 2) as source,
        reason,
        sum(rows)::bigint as row_count,
        max(ds) filter (where ds > date '1970-01-01') as newest_ds
    from ops.refused_rows
    group by
        asset,
        reason
    having sum(rows) > 0
)

select
    source,
    reason,
    row_count as rows,
    newest_ds
from counted
qualify row_number() over (partition by source order by row_count desc, reason asc) <= 3
order by
    source asc,
    row_count desc,
    reason asc
