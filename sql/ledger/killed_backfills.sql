-- One row per backfill of these days that came to no end: nobody else is writing, so it was killed.
select run_id
from ops.runs
where
    command = 'backfill'
    and status = 'running'
    and ds between $first_ds and $last_ds
order by run_id
