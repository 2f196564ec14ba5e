-- One row per day read whose file of duplicates must be written again. Reads duplicate_events, contested_events, the ledger.
select ds as read_ds
from ops.files
where
    asset = 'duplicates.' || $source
    and (
        list_contains($days, ds)
        or ds in (select contested_events.read_ds from contested_events)
    )
union
select read_ds
from duplicate_events
order by read_ds
