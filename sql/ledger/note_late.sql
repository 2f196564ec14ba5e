-- Notes the events that a read brought of days up to $last_read, which had been read before. Reads rows_before.
insert into ops.late by name
with rows_after as (
    select
        event_ds,
        sum(rows) as rows
    from ops.event_rows
    where
        source = $source
        and event_ds <= $last_read
    group by event_ds
)

select
    $source as source,
    event_ds,
    rows_after.rows - coalesce(rows_before.rows, 0) as rows,
    $run_id as run_id,
    $now as read_at
from rows_after
left join rows_before using (event_ds)
where rows_after.rows > coalesce(rows_before.rows, 0)
