-- One row per (user_key, goods_key): the goods that most people touched lately, the same for everybody.
with popular as (
    select
        goods_key,
        popularity
    from night_goods
    where
        active
        and popularity > 0
    order by
        popularity desc,
        goods_key asc
    limit 200
)

select
    night_users.user_key,
    popular.goods_key,
    popular.popularity as strength
from night_users
cross join popular
