-- One row per impression kept, ids replaced by keys (shop 0 where there is none). Reads kept_events.
select
    users.user_key,
    goods.goods_key,
    coalesce(shops.shop_key, 0) as shop_key,
    kept_events.event_ts,
    kept_events.label,
    kept_events.read_ds as event_ds
from kept_events
inner join entities.users as users using (user_id)
inner join entities.goods as goods using (goods_id)
left join entities.shops as shops using (shop_id)
order by
    event_ds,
    users.user_key,
    kept_events.event_ts,
    goods.goods_key,
    shop_key,
    kept_events.label
