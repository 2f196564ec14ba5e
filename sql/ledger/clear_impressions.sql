-- Takes what a source of impressions gave for some days out of the ledger. Rows without a day count under 1970-01-01.
insert into ops.replaced_files
select path
from ops.files
where
    asset in ('impressions.' || $source, 'quarantine.' || $source)
    and list_contains($days, ds);

delete from ops.files
where
    asset in ('impressions.' || $source, 'quarantine.' || $source)
    and list_contains($days, ds);

delete from ops.intervals
where
    asset = 'impressions.' || $source
    and list_contains($days, ds);
