-- Says that the asset of the day is built.
update ops.intervals
set
    status = 'done',
    rows = $rows,
    input_watermark = $watermark,
    finished_at = $now
where
    asset = $asset
    and ds = $ds
