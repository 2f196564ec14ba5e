-- One row per (part, key) of goods and shops that only the catalogue has: no event of histories names the item, or the
-- shop or an item of it. Reads histories and night_catalogue.
with touched as (
    select distinct goods_key
    from histories
),

of_items as (
    select night_catalogue.shop_key
    from night_catalogue
    inner join touched using (goods_key)
)

select
    'goods' as part,
    goods.goods_key as key
from entities.goods as goods
anti join touched using (goods_key)
where goods.first_ds is null
union all
select
    'shop' as part,
    shops.shop_key as key
from entities.shops as shops
anti join histories using (shop_key)
anti join of_items using (shop_key)
where shops.first_ds is null
order by
    part,
    key
