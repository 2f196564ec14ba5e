-- One row per night that has rankings in the record: the run that ranked it.
select
    ds,
    any_value(run_id) as run_id
from serving.rankings
group by ds
order by ds
