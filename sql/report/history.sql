-- One row per event of the sequences of the user $who on $ds, both groups, oldest first.
with touched as (
    select
        unnest(goods_ids) as goods_id,
        unnest(event_types) as event_type,
        unnest(event_ts) as event_ts,
        generate_subscripts(goods_ids, 1) as place
    from goods_sequences
    where
        user_id = $who
        and ds = $ds
),

goods_events as (
    select
        'goods' as part,
        touched.goods_id::varchar as history_id,
        goods.name as history_name,
        touched.event_type,
        touched.event_ts,
        touched.place
    from touched
    left join goods using (goods_id)
),

shop_events as (
    select
        'shop' as part,
        unnest(shop_ids)::varchar as history_id,
        null as history_name,
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
    part,
    history_id,
    history_name,
    event_type,
    event_ts
from events
order by
    part,
    place
