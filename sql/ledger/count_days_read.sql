-- Says for each day just read what became of its rows: rows_in = rows + duplicates + quarantined. Reads day_counts.
-- A day that gave nothing gets no row: a night asks the source for it again, in case its events come late.
insert or replace into ops.intervals by name
select
    $asset as asset,
    ds,
    'done' as status,
    $fingerprint as fingerprint,
    map($part_names::varchar[], $part_hashes::varchar[]) as parts,
    $run_id as run_id,
    rows_in,
    quarantined,
    input_watermark,
    $started_at as started_at,
    $now as finished_at
from day_counts;

with kept as (
    select
        read_ds,
        sum(rows) as rows
    from ops.event_rows
    where 'events.' || source = $asset
    group by read_ds
),

repeats as (
    select
        ds as read_ds,
        sum(rows) as rows
    from ops.files
    where asset = replace($asset, 'events.', 'duplicates.')
    group by ds
)

update ops.intervals
set
    rows = coalesce((
        select kept.rows
        from kept
        where kept.read_ds = intervals.ds
    ), 0),
    duplicates = coalesce((
        select repeats.rows
        from repeats
        where repeats.read_ds = intervals.ds
    ), 0)
where intervals.asset = $asset
