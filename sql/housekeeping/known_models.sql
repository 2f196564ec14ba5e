-- One row per model of the register.
select model_id
from ops.models
