-- Notes how many lines of its files the last read of a source skipped, in place of what was noted.
delete from ops.skipped_rows
where asset = $asset;

insert into ops.skipped_rows by name
select
    $asset as asset,
    $rows as rows,
    $run_id as run_id,
    $now as read_at
where $rows > 0
