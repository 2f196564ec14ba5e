-- One row per night that a release holds: the newest, and those before it in the window that no check stopped.
create or replace temp table published_nights as
select ds
from ops.nights
where
    ds between $first_ds and $last_ds
    and (ds = $last_ds or status in ('OK', 'OK_WITH_WARNINGS'))
