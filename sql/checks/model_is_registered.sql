-- stop: one row per model that ranked and is not in the register.
select distinct rankings.model_id
from rankings
anti join models using (model_id)
