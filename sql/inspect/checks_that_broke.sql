-- Which checks found something, and on which nights? One row per (ds, check).
with checked as (
    select
        ds,
        status,
        unnest(checks, max_depth := 2) -- noqa: AL03
    from nights
)

select
    ds,
    status,
    name as broken_check,
    severity,
    broken as rows_found
from checked
where broken > 0
order by
    ds desc,
    broken_check asc
