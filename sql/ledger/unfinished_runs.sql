-- One row per run that was killed or failed, beside that of $run_id: nobody else is writing, so what runs is dead.
select
    run_id,
    status = 'running' as was_killed
from ops.runs
where
    status <> 'done'
    and run_id <> $run_id
