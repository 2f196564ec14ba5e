-- Writes how a night ended into the warehouse.
update ops.nights
set
    status = $status,
    published_at = $published_at,
    checks = $checks
where ds = $ds
