-- One row where the night is ranked: how it stands, how many users and rows, and by which model.
select
    status,
    users,
    rows,
    model_id
from ops.nights
where ds = $ds
