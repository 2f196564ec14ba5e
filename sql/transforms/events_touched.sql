-- One row per night whose file of events must be written again. Reads kept_events, contested_events, the ledger.
select ds as seen_ds
from ops.event_rows
where
    source = $source
    and list_contains($days, read_ds)
union
select seen_ds
from kept_events
union
select seen_ds
from contested_events
order by seen_ds
