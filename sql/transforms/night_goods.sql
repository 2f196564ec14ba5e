-- One row per item known at the end of the night, touched or in the catalogue alone: shop, category, whether it may be ranked, how many users touched it
-- lately, the same with late touches weighing more, when it was first touched, and after how many days people typically
-- buy it again (NULL where nobody did). Reads histories, night_types and goods_categories. Weights are whole
-- millionths, so that their sum is the same in any order. A return is no touch.
with last_touches as (
    select
        user_key,
        goods_key,
        max(event_ts) as last_ts
    from histories
    where
        goods_key > 0
        and not is_return
        and event_ts >= $as_of::timestamp - to_days($popular_days)
    group by
        user_key,
        goods_key
),

lately as (
    select
        goods_key,
        sum(
            (1e6 * pow(0.5, date_diff('second', last_ts, $as_of::timestamp) / (86400.0 * $half_life_days)))::bigint
        )::double as lately
    from last_touches
    group by goods_key
),

firsts as (
    select
        goods_key,
        min(event_ts) as first_ts
    from histories
    where goods_key > 0
    group by goods_key
),

habits as (
    select
        histories.user_key,
        histories.goods_key,
        count(distinct date_diff('second', histories.event_ts, $as_of::timestamp) // 86400) as days,
        date_diff('second', min(histories.event_ts), max(histories.event_ts)) / 86400.0 as span
    from histories
    inner join night_types on histories.event_type is not distinct from night_types.event_type
    where
        night_types.bought
        and not histories.is_return
        and histories.goods_key > 0
        and histories.event_ts >= $as_of::timestamp - to_days(365)
    group by
        histories.user_key,
        histories.goods_key
    having count(distinct date_diff('second', histories.event_ts, $as_of::timestamp) // 86400) > 1
),

intervals as (
    select
        goods_key,
        median(span / (days - 1)) as interval_days
    from habits
    group by goods_key
)

select
    known.goods_key,
    known.shop_key,
    goods_categories.cat_id,
    coalesce(catalogue.active, true) as active,
    known.popularity,
    coalesce(lately.lately, 0) as lately,
    firsts.first_ts,
    intervals.interval_days
from goods_known_at($as_of, $popular_days) as known
left join night_catalogue as catalogue using (goods_key)
left join goods_categories using (goods_key)
left join lately using (goods_key)
left join firsts using (goods_key)
left join intervals using (goods_key)
order by known.goods_key
