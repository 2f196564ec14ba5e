-- One row per night that a release holds: the one it is made for, and those of its window that are published.
create or replace temp table published_nights as
select ds
from ops.nights
where
    ds between $first_ds and $last_ds
    and (ds = $ds or status in ('OK', 'OK_WITH_WARNINGS'))
