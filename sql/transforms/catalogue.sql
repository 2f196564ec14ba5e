-- Merges the rows of source_goods into the catalogue of the day $ds. What a row says stays until a later read says
-- otherwise: a column that is not given, or is NULL, changes nothing. Goods and shops without a key get one first.
-- Where rows of one read differ on an item, the smallest value of each column counts, false before true.

create or replace temp table given_goods as
select
    goods_id,
    min(shop_id) as shop_id,
    min(cat_id) as cat_id,
    min(name) as name,
    min(active) as active,
    coalesce(min(shop_id) <> max(shop_id), false)
    or coalesce(min(cat_id) <> max(cat_id), false)
    or coalesce(min(name) <> max(name), false)
    or coalesce(min(active) <> max(active), false) as differs
from source_goods
where goods_id is not null
group by goods_id;

insert into entities.goods
select
    given_goods.goods_id,
    (select coalesce(max(known.goods_key), 0) from entities.goods as known)
    + row_number() over (order by given_goods.goods_id) as goods_key,
    null as first_ds,
    content_hash('goods', given_goods.goods_id) as content_hash
from given_goods
anti join entities.goods using (goods_id);

insert into entities.shops
with new_shops as (
    select distinct shop_id
    from given_goods
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

create or replace temp table changed_goods as
with merged as (
    select
        goods.goods_key,
        coalesce(shops.shop_key, catalogue.shop_key, 0) as shop_key,
        coalesce(given_goods.cat_id, catalogue.cat_id) as cat_id,
        coalesce(given_goods.name, catalogue.name) as name,
        coalesce(given_goods.active, catalogue.active, true) as active
    from given_goods
    inner join entities.goods as goods using (goods_id)
    left join entities.shops as shops on given_goods.shop_id = shops.shop_id
    left join entities.catalogue as catalogue using (goods_key)
)

select merged.*
from merged
left join entities.catalogue as catalogue using (goods_key)
where
    catalogue.goods_key is null
    or catalogue.shop_key <> merged.shop_key
    or catalogue.cat_id is distinct from merged.cat_id
    or catalogue.name is distinct from merged.name
    or catalogue.active <> merged.active;

-- The row of an earlier day stays as history; one of the same day is replaced.
insert into entities.catalogue_before by name
select
    catalogue.goods_key,
    catalogue.shop_key,
    catalogue.cat_id,
    catalogue.name,
    catalogue.active,
    coalesce(catalogue.since, date '1970-01-01') as since,
    $ds as until_ds
from entities.catalogue as catalogue
semi join changed_goods using (goods_key)
where coalesce(catalogue.since, date '1970-01-01') < $ds;

insert or replace into entities.catalogue by name
select
    changed_goods.*,
    greatest($ds, coalesce(catalogue.since, $ds)) as since
from changed_goods
left join entities.catalogue as catalogue using (goods_key);

-- One row: how many items the read gives, how many of them it changes, and how many have rows that differ, with one.
select
    (select count(*) from given_goods) as goods,
    (select count(*) from changed_goods) as changed,
    (
        select count(*) from given_goods
        where given_goods.differs
    ) as conflicts,
    (
        select min(given_goods.goods_id)::varchar from given_goods
        where given_goods.differs
    ) as example
