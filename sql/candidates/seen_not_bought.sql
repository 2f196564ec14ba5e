-- One row per (user_key, goods_key): what the user looked at in the last 30 days and has not bought since.
select
    night_touches.user_key,
    night_touches.goods_key,
    night_touches.touch_weight - night_touches.purchase_weight as strength
from night_touches
cross join night
where
    night_touches.last_ts >= night.as_of - to_days(30)
    and night_touches.last_ts > coalesce(night_touches.last_bought_ts, timestamp '1970-01-01')
