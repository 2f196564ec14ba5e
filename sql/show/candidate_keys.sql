-- One row: the keys of a user and of a goods as their candidate in a night, its shop then, and what ranked the night.
with of_goods as (
    select
        keys.goods_key,
        coalesce(night_goods.shop_key, catalogued.shop_key, 0) as shop_key,
        night_goods.shop_key is not null as is_known
    from inside.goods as keys
    left join inside.night_goods as night_goods
        on
            keys.goods_key = night_goods.goods_key
            and night_goods.ds = $night
    left join goods on keys.goods_id = goods.goods_id
    left join inside.shops as catalogued on goods.shop_id = catalogued.shop_id
    where keys.goods_id = $what
)

select
    coalesce(users.user_key, 0) as user_key,
    of_goods.goods_key,
    of_goods.shop_key,
    shops.shop_id,
    of_goods.is_known,
    nights.as_of,
    nights.model_id
from of_goods
inner join nights on nights.ds = $night
left join inside.shops as shops on of_goods.shop_key = shops.shop_key
left join inside.users as users on users.user_id = $who
