-- Takes days out of those held back: the source gave their rows again, or somebody accepted the loss.
delete from ops.days_held_back
where
    asset = $asset
    and list_contains($days, ds)
