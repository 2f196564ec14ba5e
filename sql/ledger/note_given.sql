-- Notes what a source gave for the days taken, in place of what was noted. Reads day_counts.
delete from ops.days_given
where
    asset = $asset
    and list_contains($days, ds);

insert into ops.days_given by name
select
    $asset as asset,
    ds,
    present as rows,
    digest,
    $made_of as made_of,
    $path as path
from day_counts
