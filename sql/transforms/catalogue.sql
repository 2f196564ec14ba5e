-- Replaces the catalogue rows of the goods in source_goods. Goods and shops that have no key yet get one first.

insert into entities.goods
select
    new_goods.goods_id,
    (select coalesce(max(goods.goods_key), 0) from entities.goods as goods)
    + row_number() over (order by new_goods.goods_id) as goods_key,
    null as first_ds
from (select distinct goods_id from source_goods where goods_id is not null) as new_goods
anti join entities.goods as known using (goods_id);

insert into entities.shops
select
    new_shops.shop_id,
    (select coalesce(max(shops.shop_key), 0) from entities.shops as shops)
    + row_number() over (order by new_shops.shop_id) as shop_key,
    null as first_ds
from (select distinct shop_id from source_goods where shop_id is not null) as new_shops
anti join entities.shops as known using (shop_id);

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
