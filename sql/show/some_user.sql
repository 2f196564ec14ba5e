-- One row per user: three of a night, as examples.
select distinct user_id
from rankings
where ds = $night
order by user_id
limit 3
