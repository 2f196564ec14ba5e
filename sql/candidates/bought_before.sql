-- One row per (user_key, goods_key): what the user touched before, the more often and the later the stronger.
-- A touch of today counts one, and half as much for every 30 days of age; added up in order, so that the sum ends in
-- the same bits every time.
select
    night_histories.user_key,
    night_histories.goods_key,
    sum(
        pow(0.5, date_diff('second', night_histories.event_ts, night.as_of) / (30 * 86400.0))
        order by night_histories.event_ts
    ) as strength
from night_histories
cross join night
where night_histories.goods_key > 0
group by
    night_histories.user_key,
    night_histories.goods_key
