-- One row: the goods ranked first for a user in a night.
select goods_id
from rankings
where
    user_id = $who
    and ds = $night
    and rank = 1
