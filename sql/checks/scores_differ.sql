-- stop: one row per night whose scores are all the same, as from a model that learned nothing.
select
    ds,
    count(*) as goods,
    any_value(score) as score
from rankings
group by ds
having
    count(*) > 1
    and min(score) = max(score)
