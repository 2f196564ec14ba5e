-- One row per (source, reason), the three most frequent of each: for how many rows of its days, each as last read, the
-- reason was found. Reads ops.refused_rows.
select
    split_part(asset, '.', 2) as source,
    reason,
    sum(rows)::bigint as rows,
    max(ds) filter (where ds > date '1970-01-01') as newest_ds
from ops.refused_rows
group by
    asset,
    reason
qualify row_number() over (partition by asset order by sum(rows) desc, reason asc) <= 3
order by
    source,
    rows desc,
    reason
