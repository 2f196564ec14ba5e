-- One row per day of a source whose file of duplicates is not of these days; it holds those read under it.
select distinct ds
from ops.files
where
    asset = 'duplicates.' || $source
    and not list_contains($days, ds)
