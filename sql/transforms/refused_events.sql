-- One row per refused row, with its reason; those without a usable time under 1970-01-01.
-- Rows of forgotten people are counted and not kept.
select
    coalesce(read_ds, date '1970-01-01') as ds,
    user_id,
    goods_id,
    shop_id,
    event_type,
    event_ts,
    known_at,
    event_id,
    weight,
    cat_id,
    refused
from day_events
where
    refused is not null
    and refused <> 'forgotten'
order by all
