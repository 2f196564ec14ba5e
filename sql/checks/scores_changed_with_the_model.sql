-- warn: one row per newest night, by publication, whose scores are far from those of the night before by another model.
with newest as (
    select ds
    from nights
    where status not in ('FAILED_KEPT_YESTERDAY', 'ROLLED_BACK')
    qualify row_number() over (order by published_at desc nulls first) = 1
)

select
    drift.ds,
    drift.ds_before,
    round(drift.psi, 3) as psi,
    round(drift.psi_limit, 3) as psi_limit
from drift
inner join newest using (ds)
where
    drift.psi > drift.psi_limit
    and drift.model_id <> drift.model_before
