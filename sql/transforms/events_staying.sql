-- One row per night whose file of a source holds events that were read under other days than these.
select distinct ds
from ops.event_rows
where
    source = $source
    and not list_contains($days, read_ds)
