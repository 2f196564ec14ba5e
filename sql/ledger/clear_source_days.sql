-- Takes what a source gave for these days out of the ledger, with what it gave that had no day (1970-01-01).
delete from ops.files
where
    asset in ('events.' || $source, 'quarantine.' || $source)
    and (ds between $first_ds and $last_ds or ds = date '1970-01-01');

delete from ops.intervals
where
    asset = 'events.' || $source
    and (ds between $first_ds and $last_ds or ds = date '1970-01-01');
