-- One row per model that the rankings of a release name.
select distinct model_id
from rankings
order by model_id
