-- One row per check of the night of $ds: those that rows broke first, and of them those that stop.
with checks as (
    select unnest(nights.checks, recursive := true)
    from nights
    where nights.ds = $ds
)

select
    checks.name,
    checks.severity,
    checks.broken
from checks
order by
    checks.broken > 0 desc,
    checks.severity asc,
    checks.name asc
