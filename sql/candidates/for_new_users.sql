-- One row per (user_key, goods_key): the goods that most people touched lately, for users who have not touched any yet.
with popular as (
    select
        goods_key,
        lately
    from night_goods
    where
        active
        and lately > 0
    order by
        lately desc,
        goods_key asc
    limit $quota
)

select
    night_users.user_key,
    popular.goods_key,
    popular.lately as strength
from night_users
cross join popular
where night_users.is_new
