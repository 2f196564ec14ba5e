-- Says anew how many rows the files of an asset and day hold.
update ops.intervals
set
    rows = (
        select sum(files.rows)
        from ops.files as files
        where
            files.asset = $asset
            and files.ds = $ds
    )
where
    asset = $asset
    and ds = $ds
