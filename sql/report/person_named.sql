-- One row where the user whose id reads $text has a ranking of $ds: their id, with the type ids have here.
select distinct user_id
from rankings
where
    ds = $ds
    and user_id::varchar = $text
