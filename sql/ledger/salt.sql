-- One row where somebody was forgotten: what is put before an id when it is hashed.
select salt
from ops.salt
