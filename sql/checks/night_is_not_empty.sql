-- stop: one row per newest night, by publication, that ranks nothing for anybody.
select
    ds,
    users,
    rows
from nights
where status not in ('FAILED_KEPT_YESTERDAY', 'ROLLED_BACK')
qualify
    row_number() over (order by published_at desc nulls first) = 1
    and rows = 0
