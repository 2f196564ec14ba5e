-- One row: the newest published night. Reads ops.nights.
select
    ds,
    status,
    users,
    rows,
    model_id,
    published_at,
    seconds
from ops.nights
where published_at is not null
order by ds desc
limit 1
