-- Of events alike in everything, all but one of judged_events are duplicates.
create or replace temp table duplicate_events as
with repeated_contents as (
    select
        user_key,
        event_ts,
        event_no
    from judged_events
    group by all
    having count(*) > 1
)

select judged_events.*
from judged_events
semi join repeated_contents using (user_key, event_ts, event_no)
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
