-- One row per day that a model was trained for, newest first.
select distinct ds
from ops.models
order by ds desc
