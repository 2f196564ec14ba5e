-- One row per event of the sequences of the user $who on $ds, both groups, oldest first.
with goods_events as (
    select
        'goods' as part,
        unnest(goods_ids)::varchar as history_id,
        unnest(event_types) as event_type,
        unnest(event_ts) as event_ts,
        generate_subscripts(goods_ids, 1) as place
    from goods_sequences
    where
        user_id = $who
        and ds = $ds
),

shop_events as (
    select
        'shop' as part,
        unnest(shop_ids)::varchar as history_id,
        unnest(event_types) as event_type,
        unnest(event_ts) as event_ts,
        generate_subscripts(shop_ids, 1) as place
    from shop_sequences
    where
        user_id = $who
        and ds = $ds
),

events as (
    from goods_events
    union all
    from shop_events
)

select
    events.part,
    events.history_id,
    goods.name as history_name,
    events.event_type,
    events.event_ts
from events
left join goods
    on
        events.part = 'goods'
        and events.history_id = goods.goods_id::varchar
order by
    events.part,
    events.place
