-- One row per (user_key, goods_key): the goods that most people touched lately, later touches weighing more; the same
-- for everybody who has touched goods.
select
    night_users.user_key,
    night_popular.goods_key,
    night_popular.lately as strength
from night_users
cross join night_popular
where
    not night_users.is_new
    and night_popular.place <= $quota
