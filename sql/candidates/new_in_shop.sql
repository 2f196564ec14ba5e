-- One row per (user_key, goods_key): goods that came in the last 30 days and are popular, in the ten shops the user goes
-- to most.
with new_goods as (
    select
        night_goods.shop_key,
        night_goods.goods_key,
        night_goods.lately
    from night_goods
    cross join night
    where
        night_goods.active
        and night_goods.lately > 0
        and night_goods.first_ts >= night.as_of - to_days(30)
    qualify
        row_number() over (
            partition by night_goods.shop_key
            order by night_goods.lately desc, night_goods.goods_key asc
        ) <= 20
)

select
    night_shops.user_key,
    new_goods.goods_key,
    night_shops.visits * new_goods.lately as strength
from night_shops
inner join new_goods using (shop_key)
