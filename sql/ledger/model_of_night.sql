-- One row: the model that ranked a night.
select model_id
from ops.nights
where ds = $ds
