-- One row per (asset, ds) up to $ds of which the store holds more rows than its source gave, where a read saw that in the
-- seven days before $now. Older ones stay in `nightrank status` and `nightrank doctor`.
select
    asset,
    ds,
    rows_held,
    rows_returned
from ops.days_held_back
where
    ds <= $ds
    and seen_at > $now::timestamp - interval 7 days
order by
    asset,
    ds
