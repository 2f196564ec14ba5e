-- Says that a run has begun to build the asset of the day.
insert or replace into ops.intervals by name
select
    $asset as asset,
    $ds as ds,
    'running' as status,
    $fingerprint as fingerprint,
    map($part_names::varchar[], $part_hashes::varchar[]) as parts,
    $run_id as run_id,
    $now as started_at,
    null as finished_at,
    null as error,
    null as removed_at
