-- Takes one lake file out of the ledger: it is no longer real.
delete from ops.files
where path = $path
