-- One row: the lowest user_id of the newest night.
select min(user_id) as user_id
from latest_rankings
