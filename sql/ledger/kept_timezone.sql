-- One row where the store has days: the time zone they are cut by.
select kept
from ops.rulers
where ruler = 'timezone'
