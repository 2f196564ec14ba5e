-- Takes the files of the asset and days out of the ledger: they are no longer real.
delete from ops.files
where
    asset = $asset
    and list_contains($days, ds)
