-- stop: one row per (ds, user_id) with more than one sequence of goods, or more than one of shops.
with sequences as (
    select
        'goods' as part,
        ds,
        user_id
    from goods_sequences
    union all
    select
        'shop' as part,
        ds,
        user_id
    from shop_sequences
)

select
    part,
    ds,
    user_id,
    count(*) as times
from sequences
group by
    part,
    ds,
    user_id
having count(*) > 1
