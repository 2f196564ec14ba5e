-- One row per source row of the days read, and per refused row: its days, and why it is refused, if so.
-- Reads source_events, store_days and is_blank. A row is read under the day of its `days_by` column, happens on event_ds, and is
-- seen first by the night of seen_ds: the first whose end is after event_ts and, where knowledge counts, not before
-- known_at. Where knowledge does not count, known_at is not kept.
with dated as (
    select
        source_events.*,
        event_days.first_day
        + (source_events.event_ts >= event_days.second_begins)::integer
        + (source_events.event_ts >= event_days.third_begins)::integer as event_ds,
        known_days.first_day
        + (source_events.known_at >= known_days.second_begins)::integer
        + (source_events.known_at >= known_days.third_begins)::integer as known_ds,
        known_days.first_day
        + (source_events.known_at > known_days.second_begins)::integer
        + (source_events.known_at > known_days.third_begins)::integer as known_by_ds
    from source_events
    left join store_days as event_days on source_events.event_ts::date = event_days.utc_date
    left join store_days as known_days on source_events.known_at::date = known_days.utc_date
),

judged as (
    select
        * exclude (known_ds, known_by_ds),
        case when $days_by = 'known_at' then known_at else event_ts end as read_ts,
        case when $days_by = 'known_at' then known_ds else event_ds end as read_ds,
        case when $knowledge then greatest(event_ds, known_by_ds) else event_ds end as seen_ds,
        case
            when user_id is null then 'user_id is missing'
            when is_blank(user_id) then 'user_id is blank'
            when is_blank(goods_id) then 'goods_id is blank'
            when is_blank(shop_id) then 'shop_id is blank'
            when goods_id is null and shop_id is null then 'neither goods_id nor shop_id'
            when event_ts is null then 'event_ts is missing'
            when not isfinite(event_ts) or event_ts < timestamp '1990-01-01' or event_ts >= timestamp '2100-01-01'
                then 'event_ts outside 1990 to 2099'
            when event_ts > known_at then 'event_ts after known_at'
            when known_at >= timestamp '2100-01-01' then 'known_at after 2099'
            when $days_by = 'known_at' and known_at is null then 'known_at is missing'
            when isnan(weight) then 'weight is not a number'
            when isinf(weight) then 'weight is infinite'
        end as refused
    from dated
)

select * exclude (read_ts) replace (case when $knowledge then known_at end as known_at)
from judged
where
    (read_ts >= $read_start and read_ts < $read_end)
    or (read_ds is null and $is_first)
