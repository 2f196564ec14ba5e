-- One row per event that the night can see. Reads base_histories and days_since, entities.event_types.
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
        event_no
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
        event_no
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
    seen.event_no
from seen
left join entities.event_types as event_types using (type_key);
