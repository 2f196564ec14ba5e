-- One row per day of $suspects: how many of its rows the store holds whose event_id comes under another day too, in this
-- read or in what stays of earlier ones. Those events are not lost with the day. Days of $suspects do not vouch for each
-- other. Reads kept_before, repeats_before and kept_events.
with held as (
    select
        read_ds,
        event_id,
        event_no
    from kept_before
    where named
    union all
    select
        read_ds,
        event_id,
        event_no
    from repeats_before
    where named
),

elsewhere as (
    select
        event_id,
        event_no
    from held
    where not list_contains($suspects || $replaced, read_ds)
    union all
    select
        event_id,
        event_no
    from kept_events
    where
        event_no is not null
        and not list_contains($suspects, read_ds)
)

select
    held.read_ds,
    count(*) as rows
from held
semi join elsewhere
    on
        held.event_no = elsewhere.event_no
        and held.event_id is not distinct from elsewhere.event_id
where list_contains($suspects, held.read_ds)
group by held.read_ds
