-- One row per (ds, reason): how many rows of day_events are refused for it. Rows without a day count under 1970-01-01.
create or replace temp table refused_counts as
select
    coalesce(read_ds, date '1970-01-01') as ds,
    refused as reason,
    count(*) as rows
from day_events
where refused is not null
group by all
