-- One row: how a night ended, as its own release tells it.
select
    ds,
    status,
    published_at,
    checks
from nights
where ds = $ds
