-- Replaces the catalogue rows of the goods in source_goods. Goods and shops that have no key yet get one first.

insert into entities.goods
with new_goods as (
    select distinct goods_id
    from source_goods
    where goods_id is not null
)

select
    new_goods.goods_id,
    (select coalesce(max(known.goods_key), 0) from entities.goods as known)
    + row_number() over (order by new_goods.goods_id) as goods_key,
    null as first_ds,
    content_hash('goods', new_goods.goods_id) as content_hash
from new_goods
anti join entities.goods using (goods_id);

insert into entities.shops
with new_shops as (
    select distinct shop_id
    from source_goods
    where shop_id is not null
)

select
    new_shops.shop_id,
    (select coalesce(max(known.shop_key), 0) from entities.shops as known)
    + row_number() over (order by new_shops.shop_id) as shop_key,
    null as first_ds,
    content_hash('shop', new_shops.shop_id) as content_hash
from new_shops
anti join entities.shops using (shop_id);

insert or replace into entities.catalogue
select
    goods.goods_key,
    coalesce(shops.shop_key, 0) as shop_key,
    source_goods.cat_id,
    source_goods.name,
    coalesce(source_goods.active, true) as active
from source_goods
inner join entities.goods as goods using (goods_id)
left join entities.shops as shops using (shop_id)
qualify row_number() over (partition by goods.goods_key order by source_goods.name, shops.shop_key) = 1;
