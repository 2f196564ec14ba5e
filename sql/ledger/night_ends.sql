-- One row per night that was ranked: how it ended, and the run that did it.
select
    ds,
    status,
    run_id
from ops.nights
order by ds
