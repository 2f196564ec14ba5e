-- One row: the goods ranked first for a user tonight.
select goods_id
from latest_rankings
where
    user_id = $who
    and rank = 1
