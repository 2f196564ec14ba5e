-- One row per model of the register whose checkpoint is kept.
select
    model_id,
    ds
from ops.models
where removed_at is null
order by
    ds,
    model_id
