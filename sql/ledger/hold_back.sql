-- Notes a day of which the store keeps its rows, in place of what was noted.
delete from ops.days_held_back
where
    asset = $asset
    and ds = $ds;

insert into ops.days_held_back by name
select
    $asset as asset,
    $ds as ds,
    $rows_held as rows_held,
    $rows_returned as rows_returned,
    $run_id as run_id,
    $now as seen_at
