-- Takes a person's rows out of what became of the rows of a day read: rows_in = rows + duplicates + quarantined.
update ops.intervals
set
    rows_in = rows_in - $rows - $duplicates - $quarantined,
    rows = rows - $rows,
    duplicates = duplicates - $duplicates,
    quarantined = quarantined - $quarantined
where
    asset = $asset
    and ds = $ds
