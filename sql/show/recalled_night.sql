-- One row where a night can be worked out again.
select ds
from inside.nights
where ds = $night
