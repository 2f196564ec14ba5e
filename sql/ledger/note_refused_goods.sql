-- Notes for which reasons the newest read of a catalogue refused rows. Rows without goods_id have no reason of their own:
-- the count of refused rows says it. Reads refused_counts.
delete from ops.refused_rows
where asset = $asset;

insert into ops.refused_rows by name
select
    $asset as asset,
    $ds as ds,
    reason,
    rows
from refused_counts
where reason <> 'goods_id is missing'
