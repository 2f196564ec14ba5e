-- Takes the rows of a file of events out of the count.
delete from ops.event_rows
where
    source = $source
    and ds = $ds
