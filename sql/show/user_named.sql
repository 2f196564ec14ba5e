-- One row where a night has ranked the user: their id, with the type ids have here.
select distinct user_id
from rankings
where
    user_id::varchar = $text
    and ds = $night
