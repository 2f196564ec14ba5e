-- Remembers how many events of a source each day has, before some are read. Reads ops.event_rows.
create or replace temp table rows_before as
select
    event_ds,
    sum(rows) as rows
from ops.event_rows
where source = $source
group by event_ds
