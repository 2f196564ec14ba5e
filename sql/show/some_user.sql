-- One row per user: three of the newest night, as examples.
select distinct user_id
from latest_rankings
order by user_id
limit 3
