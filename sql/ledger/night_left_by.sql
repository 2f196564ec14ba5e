-- One row where the run ranked a night and died before it could record how it ended.
select ds
from ops.nights
where
    run_id = $run_id
    and status = 'RANKED'
