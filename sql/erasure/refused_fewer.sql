-- Takes a person's refused rows of a day out of the counts of their reasons, of which $reasons has one for each row.
update ops.refused_rows
set rows = rows - len(list_filter($reasons::varchar[], lambda one: one = refused_rows.reason))
where
    asset = $asset
    and ds = $ds
