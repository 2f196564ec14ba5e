-- One row per refused row, with its reason; those without a usable time under 1970-01-01.
select * replace (coalesce(ds, date '1970-01-01') as ds)
from day_events
where refused is not null
order by
    ds,
    event_id
