-- One row per (user_key, goods_key): the popular goods of the ten shops the user goes to most, by how likely
-- the shop is for the user and the goods within it.
with goods_of_shop as (
    select
        shop_key,
        goods_key,
        lately / sum(lately) over (partition by shop_key) as share
    from night_goods
    where
        active
        and lately > 0
    qualify row_number() over (partition by shop_key order by lately desc, goods_key asc) <= 50
)

select
    night_shops.user_key,
    goods_of_shop.goods_key,
    night_shops.visits * goods_of_shop.share as strength
from night_shops
inner join goods_of_shop using (shop_key)
