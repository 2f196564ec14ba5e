-- Records how a run ended.
update ops.runs
set
    status = $status,
    error = $error,
    finished_at = $now
where run_id = $run_id
