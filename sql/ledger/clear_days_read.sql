-- Takes what became of a source's rows of these days out of the ledger. Rows without a day count under 1970-01-01.
insert into ops.replaced_files
select path
from ops.files
where
    asset = 'quarantine.' || $source
    and list_contains($days, ds);

delete from ops.files
where
    asset = 'quarantine.' || $source
    and list_contains($days, ds);

delete from ops.intervals
where
    asset = 'events.' || $source
    and list_contains($days, ds);
