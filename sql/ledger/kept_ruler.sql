-- One row where the store has kept a ruler: what it is.
select kept
from ops.rulers
where ruler = $ruler
