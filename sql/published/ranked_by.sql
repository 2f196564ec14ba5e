-- One row per night of a release: the run that ranked it.
select
    ds,
    any_value(run_id) as run_id
from rankings
group by ds
order by ds
