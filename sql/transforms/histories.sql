-- One row per event that the night can see. Reads base_histories and days_since, entities.event_types.
-- A return is an event whose weight is at or below zero; an event without a weight is none.
create or replace temp view histories as
with seen as (
    select
        user_key,
        goods_key,
        shop_key,
        type_key,
        event_ts,
        known_at,
        event_id,
        event_no,
        is_return
    from base_histories
    union all
    select
        user_key,
        goods_key,
        shop_key,
        type_key,
        event_ts,
        known_at,
        event_id,
        event_no,
        coalesce(weight <= 0, false) as is_return
    from days_since
)

select
    seen.user_key,
    seen.goods_key,
    seen.shop_key,
    event_types.event_type,
    seen.event_ts,
    seen.known_at,
    seen.event_id,
    seen.event_no,
    seen.is_return
from seen
left join entities.event_types as event_types using (type_key);
