-- Gives each category of goods_categories that has no key yet the next one, in the order of their ids.
insert into entities.categories
with new_categories as (
    select distinct cat_id
    from goods_categories
    anti join entities.categories using (cat_id)
)

select
    cat_id,
    (select coalesce(max(known.category_key), 0) from entities.categories as known)
    + row_number() over (order by cat_id) as category_key
from new_categories;
