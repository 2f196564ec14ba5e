-- stop: one row per (ds, user_id, goods_id) that stands in a ranking more than once.
select
    ds,
    user_id,
    goods_id,
    count(*) as times
from rankings
group by
    ds,
    user_id,
    goods_id
having count(*) > 1
