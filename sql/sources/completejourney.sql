-- One row per purchase: the Complete Journey, a year of simulated grocery shopping (MIT licence).
-- The manufacturer, brand_id, stands for the shop: each goods has exactly one, as on a marketplace. A quantity of zero, as
-- of what was free, is unknown: it would count as a return.
select
    purchases.user_id,
    purchases.goods_id,
    purchases.brand_id as shop_id,
    purchases.cat_id,
    purchases.event_type,
    purchases.event_ts,
    nullif(purchases.quantity, 0) as weight
from read_parquet($path) as purchases
where
    purchases.event_ts >= $day_start
    and purchases.event_ts < $day_end
