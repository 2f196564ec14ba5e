-- stop: one row per (ds, user_id) whose ranks are not 1, 2, 3, ... without gap or repeat.
select
    ds,
    user_id,
    count(*) as goods,
    min(rank) as first_rank,
    max(rank) as last_rank
from rankings
group by
    ds,
    user_id
having
    min(rank) <> 1
    or max(rank) <> count(*)
    or count(distinct rank) <> count(*)
