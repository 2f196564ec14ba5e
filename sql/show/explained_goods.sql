-- One row per goods for which why is kept for a user in a night.
select distinct goods_id
from why
where
    user_id = $who
    and ds = $night
order by goods_id
