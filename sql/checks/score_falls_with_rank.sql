-- stop: one row per ranking that scores higher than the one before it.
select
    ds,
    user_id,
    rank,
    score
from rankings
qualify score > lag(score) over (partition by ds, user_id order by rank)
