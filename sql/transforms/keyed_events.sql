-- One row per event kept, ids replaced by keys (0 where the event has none), in the one total order.
select
    kept_events.ds,
    users.user_key,
    coalesce(goods.goods_key, 0) as goods_key,
    coalesce(shops.shop_key, 0) as shop_key,
    kept_events.event_type,
    kept_events.event_ts,
    kept_events.known_at,
    kept_events.event_id,
    kept_events.weight,
    kept_events.cat_id
from kept_events
inner join entities.users as users using (user_id)
left join entities.goods as goods using (goods_id)
left join entities.shops as shops using (shop_id)
order by
    kept_events.ds,
    users.user_key,
    kept_events.event_ts,
    kept_events.known_at,
    kept_events.event_id
