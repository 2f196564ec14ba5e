-- One row: whether a model learned from somebody who was forgotten since.
select count(*) > 0 as learned
from entities.forgotten
where list_contains(model_ids, $model_id)
