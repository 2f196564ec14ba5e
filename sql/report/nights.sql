-- One row per night up to $ds, the last fourteen, oldest first.
with newest as (
    select
        ds,
        status,
        users,
        seconds
    from nights
    where ds <= $ds
    order by ds desc
    limit 14
)

select newest.*
from newest
order by newest.ds
