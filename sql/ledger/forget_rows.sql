-- Takes the rows of some days' files of events out of the count.
delete from ops.event_rows
where
    source = $source
    and list_contains($days, ds)
