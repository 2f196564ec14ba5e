-- Takes what became of a source's rows of these days out of the ledger, with what had no day (1970-01-01) where these
-- are the first days of a read.
insert into ops.replaced_files
select path
from ops.files
where
    asset = 'quarantine.' || $source
    and (ds between $first_ds and $last_ds or ($is_first and ds = date '1970-01-01'));

delete from ops.files
where
    asset = 'quarantine.' || $source
    and (ds between $first_ds and $last_ds or ($is_first and ds = date '1970-01-01'));

delete from ops.intervals
where
    asset = 'events.' || $source
    and (ds between $first_ds and $last_ds or ($is_first and ds = date '1970-01-01'));
