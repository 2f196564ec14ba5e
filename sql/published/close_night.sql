-- Writes how a night ended into its own release, the attached file `release`.
update release.nights
set
    status = $status,
    published_at = $published_at,
    checks = $checks
where ds = $ds
