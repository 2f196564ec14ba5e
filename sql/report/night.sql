-- One row: the night of $ds with its model, since which night that one ranks without a break, and the night before.
with changes as (
    select
        ds,
        model_id,
        lag(model_id, 1, '') over (order by ds) as model_before
    from nights
    where
        ds <= $ds
        and published_at is not null
),

newest_change as (
    select max(ds) as ranks_since
    from changes
    where model_id <> model_before
),

earlier as (
    select
        ds as before_ds,
        users as users_before,
        seconds as seconds_before
    from nights
    where
        ds < $ds
        and published_at is not null
    order by ds desc
    limit 1
)

select
    nights.ds,
    nights.status,
    nights.users,
    nights.rows,
    nights.published_at,
    nights.as_of,
    nights.seconds,
    nights.model_id,
    newest_change.ranks_since,
    earlier.before_ds,
    earlier.users_before,
    earlier.seconds_before
from nights
cross join newest_change
left join earlier on true
where nights.ds = $ds
