-- One row where a night has ranked the user: their id, with the type ids have here. $texts mean the same id; where more
-- of them are ranked, the earliest counts.
select distinct
    user_id,
    list_position($texts::varchar[], user_id::varchar) as place
from rankings
where
    list_contains($texts::varchar[], user_id::varchar)
    and ds = $night
order by place
limit 1
