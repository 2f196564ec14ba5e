-- One row per check that found rows of the night this run ranked.
with checks as (
    select unnest(checks, recursive := true)
    from ops.nights
    where
        ds = $ds
        and run_id = $run_id
)

select name
from checks
where broken > 0
order by name
