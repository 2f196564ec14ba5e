-- One row per night that a release calls published: how it ended.
select
    ds,
    status,
    published_at,
    checks
from nights
where status in ('OK', 'OK_WITH_WARNINGS')
order by ds
