-- Says of a read of the catalogue what became of its rows, under the day of the read; failed reads before it are past.
delete from ops.intervals
where
    asset = $asset
    and status = 'failed';

insert or replace into ops.intervals by name
select
    $asset as asset,
    $ds as ds,
    'done' as status,
    $fingerprint as fingerprint,
    map($part_names::varchar[], $part_hashes::varchar[]) as parts,
    $run_id as run_id,
    $rows_in as rows_in,
    $rows as rows,
    $duplicates as duplicates,
    $quarantined as quarantined,
    $started_at as started_at,
    $now as finished_at
