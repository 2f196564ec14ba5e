-- One row per event of a user's goods sequence of a night, oldest first: the goods, its name, its key, and when.
with events as (
    select
        unnest(goods_ids) as goods_id,
        unnest(event_ts) as event_ts,
        generate_subscripts(goods_ids, 1) as place
    from goods_sequences
    where
        ds = $night
        and user_id = $who
)

select
    events.goods_id,
    goods.name,
    keys.goods_key,
    events.event_ts
from events
inner join inside.goods as keys using (goods_id)
left join goods using (goods_id)
order by events.place
