-- One row per (user_key, goods_key): what goes with the last fifty goods of the user, the more of them and the closer the
-- stronger, in whole millionths, so that their sum is the same in any order.
with recent as (
    select
        user_key,
        goods_key
    from night_touches
    qualify row_number() over (partition by user_key order by last_ts desc, goods_key asc) <= 50
)

select
    recent.user_key,
    night_pairs.other_key as goods_key,
    sum((1e6 * night_pairs.cosine)::bigint)::double as strength
from recent
inner join night_pairs using (goods_key)
group by
    recent.user_key,
    night_pairs.other_key
