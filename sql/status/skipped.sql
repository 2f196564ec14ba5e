-- One row per source whose last read skipped lines of its files: how many, and when. Reads ops.skipped_rows.
select
    split_part(asset, '.', 2) as source,
    split_part(asset, '.', 1) as kind,
    rows,
    date_trunc('second', read_at) as read_at
from ops.skipped_rows
order by
    kind asc,
    source asc
