-- One row per click, cart, favourite or purchase on Tmall. Times are whole days, so ties are everywhere.
select
    actions.user_id,
    actions.goods_id,
    actions.shop_id,
    actions.cat_id,
    actions.event_type,
    actions.event_ts,
    actions.src_row as event_id
from read_parquet($path) as actions
where
    actions.event_ts >= $day_start
    and actions.event_ts < $day_end
