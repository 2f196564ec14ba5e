-- One row per model that started from another: both names.
select
    model_id,
    warm_from
from ops.models
where warm_from is not null
