-- Writes how a night ended that a release brings back: one that was taken back, or that the release's own run left.
update ops.nights
set
    status = $status,
    published_at = $published_at,
    checks = $checks
where
    ds = $ds
    and (status = 'ROLLED_BACK' or (status = 'RANKED' and run_id = $run_id))
