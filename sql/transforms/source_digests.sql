-- One row per quarter of an hour that a source gives rows for: how many rows, and the sum of their hashes. Every time zone
-- begins its days at such a quarter. Rows without a usable time have none. Rows of forgotten people do not count.
-- Reads source_events, forgotten_ids and row_hash.
with present as (
    select source_events.*
    from source_events
    anti join forgotten_ids using (user_id)
),

dated as (
    select
        *,
        case when $days_by = 'known_at' then known_at else event_ts end as read_ts
    from present
),

timed as (
    select
        *,
        case
            when read_ts >= timestamp '1990-01-01' and read_ts < timestamp '2100-01-01'
                then epoch_us(read_ts) // 900000000
        end as quarter
    from dated
)

select
    quarter,
    count(*) as rows,
    sum(
        row_hash(
            user_id, goods_id, shop_id, event_type, event_ts, event_id, known_at, weight, cat_id, event_no
        )
    ) as digest
from timed
where
    (read_ts >= $day_start and read_ts < $day_end)
    or quarter is null
group by quarter
