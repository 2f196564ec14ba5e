-- Says of an asset that the files of some days were removed, and takes them out of the ledger: they are no longer real.
update ops.intervals
set removed_at = $now
where
    asset = $asset
    and list_contains($days, ds);

insert into ops.replaced_files
select path
from ops.files
where
    asset = $asset
    and list_contains($days, ds);

delete from ops.files
where
    asset = $asset
    and list_contains($days, ds)
