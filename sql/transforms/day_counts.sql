-- One row per day that a source of events gave rows for: how many, how many were refused, and the sum of their hashes.
-- Rows without a day count under 1970-01-01. `present` leaves out the rows of forgotten people. Reads day_events, row_hash.
create or replace temp table day_counts as
select
    coalesce(read_ds, date '1970-01-01') as ds,
    count(*) as rows_in,
    count(*) filter (where refused is not null) as quarantined,
    max(event_ts) filter (where refused is null) as input_watermark,
    count(*) filter (where refused is distinct from 'forgotten') as present,
    sum(
        row_hash(
            user_id, goods_id, shop_id, event_type, event_ts, event_id, event_no, known_at, weight, cat_id
        )
    ) filter (where refused is distinct from 'forgotten') as digest
from day_events
group by all
