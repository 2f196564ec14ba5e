-- One row per event of a user's shop sequence of a night, oldest first: the shop, no name, its key, and when.
with events as (
    select
        unnest(shop_ids) as shop_id,
        unnest(event_ts) as event_ts,
        generate_subscripts(shop_ids, 1) as place
    from shop_sequences
    where
        ds = $night
        and user_id = $who
)

select
    events.shop_id,
    null::varchar as name,
    keys.shop_key,
    events.event_ts
from events
inner join inside.shops as keys using (shop_id)
order by events.place
