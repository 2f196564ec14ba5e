-- One row per day that a source gave rows for: how many of them were not refused. Reads day_counts.
select
    ds,
    rows_in - quarantined as rows
from day_counts
order by ds
