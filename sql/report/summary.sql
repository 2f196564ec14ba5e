-- One row where the night of $ds told something: all of it.
select *
from summaries
where ds = $ds
