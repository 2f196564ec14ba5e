-- One row per day that a source of impressions gave rows for: how many, and how many were refused. Rows without a day
-- count under 1970-01-01. Impressions have no digest. Reads day_events.
create or replace temp table day_counts as
select
    coalesce(read_ds, date '1970-01-01') as ds,
    count(*) as rows_in,
    count(*) filter (where refused is not null) as quarantined,
    max(event_ts) filter (where refused is null) as input_watermark,
    null::hugeint as digest
from day_events
group by all;

-- One row per (ds, reason): how many rows of day_events are refused for it.
create or replace temp table refused_counts as
select
    coalesce(read_ds, date '1970-01-01') as ds,
    refused as reason,
    count(*) as rows,
    null::hugeint as digest
from day_events
where refused is not null
group by all
