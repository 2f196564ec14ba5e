-- One row: the model that ranks. Reads ops.models.
select
    model_id,
    ds,
    auc,
    gauc,
    base_gauc,
    rela_impr
from ops.models
where champion
