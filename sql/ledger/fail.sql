-- Says what stopped the asset of the day.
update ops.intervals
set
    status = 'failed',
    error = $error,
    finished_at = $now
where
    asset = $asset
    and ds = $ds
