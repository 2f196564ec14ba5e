-- Says of each night that was killed, or could not write how it ended, that it failed: every night is published since.
update ops.runs
set
    status = 'failed',
    error = 'killed; published by a later run',
    finished_at = $now
where
    command = 'nightly'
    and status = 'running'
