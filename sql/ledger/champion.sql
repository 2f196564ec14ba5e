-- One row: the model that ranks, and the last data day it was trained to know of.
select
    model_id,
    ds
from ops.models
where champion
