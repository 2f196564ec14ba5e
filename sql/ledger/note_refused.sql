-- Notes for which reasons rows of some days were refused, in place of what was noted. Reads refused_counts.
delete from ops.refused_rows
where
    asset = $asset
    and list_contains($days, ds);

insert into ops.refused_rows by name
select
    $asset as asset,
    ds,
    reason,
    rows
from refused_counts
where list_contains($days, ds)
