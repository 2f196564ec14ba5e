-- Says for each day just read what became of its impressions. Reads day_counts.
insert or replace into ops.intervals by name
select
    $asset as asset,
    ds,
    'done' as status,
    $fingerprint as fingerprint,
    map($part_names::varchar[], $part_hashes::varchar[]) as parts,
    $run_id as run_id,
    rows_in,
    rows_in - quarantined as rows,
    0 as duplicates,
    quarantined,
    input_watermark,
    $started_at as started_at,
    $now as finished_at
from day_counts
