-- warn: one row per newest night, by publication, that ranks for fewer than half of the users of the night before it.
with told as (
    select
        ds,
        users,
        published_at,
        lag(ds) over (order by ds) as ds_before,
        lag(users) over (order by ds) as users_before
    from nights
    where status not in ('FAILED_KEPT_YESTERDAY', 'ROLLED_BACK')
)

select
    ds,
    users,
    ds_before,
    users_before
from told
qualify
    row_number() over (order by published_at desc nulls first) = 1
    and users < users_before / 2
