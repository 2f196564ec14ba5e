-- One row per goods, of those asked for, of whose category a night told its model.
select
    goods_key,
    category_key
from inside.night_goods
where
    ds = $night
    and goods_key in (select unnest($goods_keys))
    and category_key is not null
order by goods_key
