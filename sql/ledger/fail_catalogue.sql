-- Says that the catalogue could not be read on the day of the read; what a read before it gave stays.
insert into ops.intervals by name
select
    $asset as asset,
    $ds as ds,
    'failed' as status,
    $fingerprint as fingerprint,
    map($part_names::varchar[], $part_hashes::varchar[]) as parts,
    $run_id as run_id,
    $now as started_at,
    $error as error
on conflict (asset, ds) do update set
    status = excluded.status,
    error = excluded.error,
    run_id = excluded.run_id
