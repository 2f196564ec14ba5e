-- Notes what a source gave for the days taken, in place of what was noted. Rows of forgotten people count, and are in no
-- digest. Reads day_counts and refused_counts.
delete from ops.days_given
where
    asset = $asset
    and list_contains($days, ds);

insert into ops.days_given by name
select
    $asset as asset,
    day_counts.ds,
    day_counts.rows_in as rows,
    day_counts.digest - coalesce(forgotten.digest, 0) as digest,
    $made_of as made_of,
    $path as path
from day_counts
left join refused_counts as forgotten
    on
        day_counts.ds = forgotten.ds
        and forgotten.reason = 'forgotten'
