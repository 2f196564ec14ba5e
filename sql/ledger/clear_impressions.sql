-- Takes what a source of impressions gave for some days out of the ledger, with what had no day (1970-01-01).
insert into ops.replaced_files
select path
from ops.files
where
    asset in ('impressions.' || $source, 'quarantine.' || $source)
    and (ds between $first_ds and $last_ds or ds = date '1970-01-01');

delete from ops.files
where
    asset in ('impressions.' || $source, 'quarantine.' || $source)
    and (ds between $first_ds and $last_ds or ds = date '1970-01-01');

delete from ops.intervals
where
    asset = 'impressions.' || $source
    and (ds between $first_ds and $last_ds or ds = date '1970-01-01');
