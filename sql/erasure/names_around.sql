-- One row: how many names that stay hold this text, so that its bytes alone say nothing of the person.
with names as (
    select user_id::varchar as name
    from entities.users
    union all
    select goods_id::varchar as name
    from entities.goods
    union all
    select shop_id::varchar as name
    from entities.shops
    union all
    select event_type as name
    from entities.event_types
    union all
    select cat_id as name
    from entities.catalogue
    union all
    select cat_id as name
    from entities.categories
    union all
    select name
    from entities.catalogue
)

select count(*) as names
from names
where contains(name, $text)
