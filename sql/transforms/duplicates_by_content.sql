-- Of events alike in everything, all but one of keyed_events are duplicates.
create or replace temp table contested_ids (event_id varchar, event_no ubigint);

create or replace temp table repeated_contents as
select
    user_key,
    event_ts,
    event_no
from keyed_events
group by all
having count(*) > 1;

create or replace temp table losing_rows as
select keyed_events.rowid as place_in_table
from keyed_events
semi join repeated_contents using (user_key, event_ts, event_no)
qualify
    row_number() over (
        partition by
            keyed_events.user_key,
            keyed_events.event_ts,
            keyed_events.known_at,
            keyed_events.goods_key,
            keyed_events.shop_key,
            keyed_events.type_key,
            keyed_events.weight,
            keyed_events.cat_id
        order by keyed_events.rowid
    ) > 1;
