-- One row per night that was held against this one.
select ds
from serving.drift
where ds_before = $ds
order by ds
