-- One row: how many runs of this command there have been for the day.
select count(*) as runs
from ops.runs
where
    command = $command
    and ds = $ds
