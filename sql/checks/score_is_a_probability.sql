-- stop: one row per ranking whose score is not a probability.
select
    ds,
    user_id,
    goods_id,
    score
from rankings
where
    score is null
    or isnan(score)
    or not score between 0 and 1
