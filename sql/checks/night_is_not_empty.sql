-- stop: one row per newest night, by publication, that ranks nothing for anybody.
-- do: no source of sql/candidates proposed an active goods, or ranking.min_score lets none in; see whether the catalogue
-- has active goods, and the log line rankings_written, which counts candidates
select
    ds,
    users,
    rows
from nights
where status not in ('FAILED_KEPT_YESTERDAY', 'ROLLED_BACK')
qualify
    row_number() over (order by published_at desc nulls first) = 1
    and rows = 0
