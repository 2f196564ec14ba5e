-- stop: one row per ranking whose score is not a probability.
-- do: the model's weights are damaged, or overflow: train again with nightrank train, then run the night again
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
