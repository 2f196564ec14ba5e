-- One row per span of time that a source gives rows for: how many rows, and the sum of their hashes, in which forgotten
-- people have no part. A span is $span microseconds long and within one day of the store. Rows without a usable time have
-- none. Reads source_events, row_hash and is_forgotten.
with dated as (
    select
        *,
        case when $days_by = 'known_at' then known_at else event_ts end as read_ts,
        is_forgotten(user_id) as is_forgotten
    from source_events
),

timed as (
    select
        *,
        case
            when read_ts >= timestamp '1990-01-01' and read_ts < timestamp '2100-01-01'
                then epoch_us(read_ts) // $span
        end as span
    from dated
)

select
    span,
    count(*) as rows,
    coalesce(
        sum(
            row_hash(
                user_id, goods_id, shop_id, event_type, event_ts, event_id, known_at, weight, cat_id, event_no
            )
        ) filter (where not is_forgotten),
        0
    ) as digest
from timed
where
    (read_ts >= $day_start and read_ts < $day_end)
    or span is null
group by span
