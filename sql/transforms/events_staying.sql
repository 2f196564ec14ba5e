-- One row per night whose file of a source holds events that were read under other days than these, both included.
select distinct ds
from ops.event_rows
where
    source = $source
    and read_ds not between $first_ds and $last_ds
