-- One row per goods for which why is kept for a user in the newest night.
select distinct goods_id
from why
where
    user_id = $who
    and ds = (select max(newest.ds) from rankings as newest)
order by goods_id
