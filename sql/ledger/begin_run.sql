-- Records that a run has begun.
insert into ops.runs by name
select
    $run_id as run_id,
    $command as command,
    $ds as ds,
    'running' as status,
    $now as started_at,
    $reason as reason
