-- One row per (user_key, goods_key): the last $pair_goods different goods of each user in the last $pair_days days, as
-- far as $pair_support users have them among theirs. A return is no touch. Reads histories.
create or replace temp table recent_goods as
with touched as (
    select
        user_key,
        goods_key,
        max(event_ts) as last_ts
    from histories
    where
        goods_key > 0
        and not is_return
        and event_ts >= $as_of::timestamp - to_days($pair_days)
    group by
        user_key,
        goods_key
),

latest as (
    select
        user_key,
        goods_key
    from touched
    qualify row_number() over (partition by user_key order by last_ts desc, goods_key asc) <= $pair_goods
)

select
    user_key,
    goods_key,
    count(*) over (partition by goods_key) as users
from latest
qualify count(*) over (partition by goods_key) >= $pair_support;
