-- Adds one night: its goods with the shop each was in, and the categories its model was told of. Reads goods_of_night and
-- categories_of_night. An item that nobody had touched has no shop here: its shop is the catalogue's.
insert into recalled_nights
values ($ds, $has_users);

insert into recalled_goods
select
    $ds as ds,
    coalesce(goods_of_night.goods_key, categories_of_night.goods_key) as goods_key,
    case when goods_of_night.first_ts is not null then goods_of_night.shop_key end as shop_key,
    categories_of_night.category_key
from goods_of_night
full outer join categories_of_night on goods_of_night.goods_key = categories_of_night.goods_key;
