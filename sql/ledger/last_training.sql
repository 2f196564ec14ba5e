-- One row: the newest data day up to $ds that any model was trained for; NULL where none was.
select max(ds) as ds
from ops.models
where ds <= $ds
