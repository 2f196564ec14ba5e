-- One row: the newest published night, from the published file; the warehouse has it in sql/status/nights.sql.
select
    ds,
    status,
    users,
    rows,
    model_id,
    published_at,
    seconds
from nights
where published_at is not null
order by ds desc
limit 1
