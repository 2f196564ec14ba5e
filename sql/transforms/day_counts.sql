-- One row per day that a source of events gave rows for: how many, how many were refused, and the sum of their hashes.
-- Rows without a day count under 1970-01-01. Reads day_events and row_hash.
create or replace temp table day_counts as
select
    coalesce(read_ds, date '1970-01-01') as ds,
    count(*) as rows_in,
    count(*) filter (where refused is not null) as quarantined,
    max(event_ts) filter (where refused is null) as input_watermark,
    sum(
        row_hash(
            user_id, goods_id, shop_id, event_type, event_ts, event_id, known_at, weight, cat_id, event_no
        )
    ) as digest
from day_events
group by all;

-- One row per (ds, reason): how many rows of day_events are refused for it, and the sum of their hashes.
create or replace temp table refused_counts as
select
    coalesce(read_ds, date '1970-01-01') as ds,
    refused as reason,
    count(*) as rows,
    sum(
        row_hash(
            user_id, goods_id, shop_id, event_type, event_ts, event_id, known_at, weight, cat_id, event_no
        )
    ) as digest
from day_events
where refused is not null
group by all
