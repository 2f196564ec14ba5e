-- One row per (user_key, goods_key): the popular goods of the ten shops the user goes to most.
with shops_of_user as (
    select
        user_key,
        shop_key,
        count(*) as visits
    from night_histories
    where shop_key > 0
    group by
        user_key,
        shop_key
    qualify row_number() over (partition by user_key order by visits desc, shop_key asc) <= 10
),

goods_of_shop as (
    select
        shop_key,
        goods_key,
        popularity
    from night_goods
    where
        active
        and popularity > 0
    qualify row_number() over (partition by shop_key order by popularity desc, goods_key asc) <= 20
)

select
    shops_of_user.user_key,
    goods_of_shop.goods_key,
    shops_of_user.visits * goods_of_shop.popularity as strength
from shops_of_user
inner join goods_of_shop using (shop_key)
