-- One row per (user_key, goods_key): what the user bought before and is due again, by their own median interval between
-- purchases where they bought it on four days or more, else by how soon people typically buy it again.
with purchase_days as (
    select distinct
        night_histories.user_key,
        night_histories.goods_key,
        date_diff('second', night_histories.event_ts, night.as_of) // 86400 as days_ago
    from night_histories
    cross join night
    where
        night_histories.bought
        and night_histories.goods_key > 0
),

gaps as (
    select
        user_key,
        goods_key,
        days_ago,
        lag(days_ago) over (partition by user_key, goods_key order by days_ago desc) - days_ago as gap
    from purchase_days
),

habits as (
    select
        user_key,
        goods_key,
        count(*) as days,
        min(days_ago) + 1 as since,
        median(gap) as own_interval
    from gaps
    group by
        user_key,
        goods_key
),

due as (
    select
        habits.user_key,
        habits.goods_key,
        habits.days,
        habits.since,
        case when habits.days > 3 then habits.own_interval else night_goods.interval_days end as interval_days
    from habits
    inner join night_goods using (goods_key)
)

select
    user_key,
    goods_key,
    days * least(0.5 + 0.5 * since / interval_days, 1) / greatest(interval_days, since) as strength
from due
where interval_days > 0
