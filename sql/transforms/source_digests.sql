-- One row per quarter of an hour that a source gives rows for: how many rows, and the sum of their hashes, without those of
-- forgotten people. Every time zone begins its days at such a quarter. Rows without a usable time have none.
-- Reads source_events, forgotten_ids and row_hash.
with dated as (
    select
        *,
        case when $days_by = 'known_at' then known_at else event_ts end as read_ts,
        coalesce(user_id in (select forgotten_ids.user_id from forgotten_ids), false) as is_forgotten
    from source_events
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
    count(*) filter (where not is_forgotten) as rows,
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
    or quarter is null
group by quarter
