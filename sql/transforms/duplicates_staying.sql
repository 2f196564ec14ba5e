-- One row per day of a source whose file of duplicates is not of these days, both included; it holds those read under it.
select distinct ds
from ops.files
where
    asset = 'duplicates.' || $source
    and ds not between $first_ds and $last_ds
