-- Takes a person's rows out of the count of rows refused for a reason.
update ops.refused_rows
set rows = rows - $rows
where
    asset = $asset
    and ds = $ds
    and reason = $reason
