-- One row per file of events that holds some that happened on a day: its asset and the night that sees it first.
select distinct
    'events.' || source as asset,
    ds
from ops.event_rows
where
    event_ds = $ds
    and ds <= $known_until
order by all
