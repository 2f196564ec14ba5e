-- Adds exact repeats to duplicate_events: of events without an event_id that are alike in everything and were read under
-- one day, all but one of judged_events.
insert into duplicate_events by name
with repeated_contents as (
    select
        user_key,
        event_ts,
        event_no
    from judged_events
    where not named
    group by all
    having count(*) > 1
)

select judged_events.*
from judged_events
semi join repeated_contents using (user_key, event_ts, event_no)
where not judged_events.named
qualify
    row_number() over (
        partition by
            judged_events.user_key,
            judged_events.event_ts,
            judged_events.known_at,
            judged_events.goods_key,
            judged_events.shop_key,
            judged_events.type_key,
            judged_events.weight,
            judged_events.cat_id,
            judged_events.read_ds
        order by judged_events.place
    ) > 1;
