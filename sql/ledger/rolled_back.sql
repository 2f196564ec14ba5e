-- One row per night that was taken back and not ranked again since.
select ds
from ops.nights
where status = 'ROLLED_BACK'
order by ds
