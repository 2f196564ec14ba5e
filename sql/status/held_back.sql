-- One row per (source, ds) of which the store holds more rows than its source gave when it was last read. Reads
-- ops.days_held_back.
select
    split_part(asset, '.', 2) as source,
    split_part(asset, '.', 1) as kind,
    ds,
    rows_held,
    rows_returned,
    date_trunc('second', seen_at) as seen_at
from ops.days_held_back
order by
    source,
    ds
