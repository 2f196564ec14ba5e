-- One row where the night has told something: all of it.
select *
from ops.summaries
where ds = $ds
