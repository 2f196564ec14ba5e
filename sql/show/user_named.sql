-- One row where the newest night has the user: their id, with the type ids have here.
select distinct user_id
from latest_rankings
where user_id::varchar = $text
