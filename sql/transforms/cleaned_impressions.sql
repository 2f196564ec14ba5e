-- One row per impression of the days read, and per refused one: its day, and why it is refused, if so.
-- Reads source_impressions, store_days and is_blank.
with dated as (
    select
        source_impressions.*,
        store_days.first_day
        + (source_impressions.event_ts >= store_days.second_begins)::integer
        + (source_impressions.event_ts >= store_days.third_begins)::integer as read_ds
    from source_impressions
    left join store_days on source_impressions.event_ts::date = store_days.utc_date
)

select
    *,
    null::varchar as event_type,
    case
        when user_id is null then 'user_id is missing'
        when is_blank(user_id) then 'user_id is blank'
        when goods_id is null then 'goods_id is missing'
        when is_blank(goods_id) then 'goods_id is blank'
        when is_blank(shop_id) then 'shop_id is blank'
        when event_ts is null then 'event_ts is missing'
        when read_ds is null then 'event_ts outside 1990 to 2099'
        when label is null then 'label is missing'
    end as refused
from dated
where
    read_ds between $first_ds and $last_ds
    or read_ds is null
