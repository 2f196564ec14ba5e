-- Takes the files of the asset and days out of the ledger: they are no longer real.
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
