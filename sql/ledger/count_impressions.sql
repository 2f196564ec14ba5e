-- Says for each day just read what became of its impressions. Reads day_events.
insert or replace into ops.intervals by name
select
    $asset as asset,
    coalesce(read_ds, date '1970-01-01') as ds,
    'done' as status,
    $fingerprint as fingerprint,
    map($part_names::varchar[], $part_hashes::varchar[]) as parts,
    $run_id as run_id,
    count(*) as rows_in,
    count(*) filter (where refused is null) as rows,
    0 as duplicates,
    count(*) filter (where refused is not null) as quarantined,
    max(event_ts) filter (where refused is null) as input_watermark,
    $started_at as started_at,
    $now as finished_at
from day_events
group by all
