-- One row where an event id of day_events is a float too large to tell it from its neighbours.
select min(event_id_given) as event_id
from (
    select
        coalesce(event_id, (event_no::hugeint - 9223372036854775808)::varchar) as event_id_given
    from day_events
    where event_no is not null
) as given
where abs(try_cast(event_id_given as double)) >= if($is_short, 16777216, 9007199254740992)
having count(*) > 0
