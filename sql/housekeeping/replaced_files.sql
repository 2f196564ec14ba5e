-- One row per lake file that counted once and was replaced or removed since.
select path
from ops.replaced_files
