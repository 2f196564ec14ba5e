-- Notes for which reasons rows of a catalogue were refused by its newest read. Reads refused_counts.
delete from ops.refused_rows
where asset = $asset;

insert into ops.refused_rows by name
select
    $asset as asset,
    $ds as ds,
    reason,
    rows
from refused_counts
