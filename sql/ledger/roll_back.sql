-- Takes the nights after a day back: their rankings stay in the record, and are published no more.
update ops.nights
set
    status = 'ROLLED_BACK',
    published_at = null
where
    ds > $ds
    and status in ('OK', 'OK_WITH_WARNINGS')
