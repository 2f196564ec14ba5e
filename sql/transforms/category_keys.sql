-- One row per goods whose category has a key.
select
    goods_categories.goods_key,
    categories.category_key
from goods_categories
inner join entities.categories as categories using (cat_id)
order by goods_categories.goods_key
