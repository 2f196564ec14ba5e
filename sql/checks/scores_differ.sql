-- stop: one row per night whose scores are all the same, or the same within each user, as from a model that learned nothing.
-- do: train again with nightrank train; a model whose goods are all newer than it tells none of them apart either
with users as (
    select
        ds,
        user_id,
        count(*) as goods,
        min(score) as lowest,
        max(score) as highest
    from rankings
    group by
        ds,
        user_id
)

select
    ds,
    sum(goods) as goods,
    min(lowest) as lowest,
    max(highest) as highest
from users
group by ds
having
    sum(goods) > 1
    and (
        min(lowest) = max(highest)
        or (max(goods) > 1 and bool_and(lowest = highest))
    )
