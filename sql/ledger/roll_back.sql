-- Takes back the nights that are not among $published: their rankings stay in the record, and are published no more.
update ops.nights
set
    status = 'ROLLED_BACK',
    published_at = null
where
    not list_contains($published::date[], ds)
    and status in ('OK', 'OK_WITH_WARNINGS')
