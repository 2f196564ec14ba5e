-- One row: the model that ranks now. Reads ops.models.
select
    model_id,
    ds,
    auc,
    gauc,
    base_gauc,
    rela_impr
from ops.models
where champion
order by
    ds desc,
    created_at desc,
    model_id asc
limit 1
