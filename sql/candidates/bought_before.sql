-- One row per (user_key, goods_key): what the user bought before, the more often and the later the stronger.
-- A purchase of today counts one, and half as much for every 60 days of age.
select
    user_key,
    goods_key,
    purchase_weight as strength
from night_touches
where purchases > 0
